"""The clips: what is in them, and that they are made once."""

from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.support import cache, scene
from tests.support.clips import TEST_CARD, Picture, camera_clip
from tests.support.speech import Track


@pytest.mark.parametrize(
    ("picture", "sound", "codecs", "rate"),
    [
        (TEST_CARD, "aac", ["aac", "h264"], 16_000),
        (TEST_CARD, "pcmu", ["pcm_mulaw", "h264"], 8_000),
        (TEST_CARD, "pcma", ["pcm_alaw", "h264"], 8_000),
        (TEST_CARD, "opus", ["opus", "h264"], 48_000),
        (Picture(codec="h265"), "aac", ["aac", "hevc"], 16_000),
        (Picture(codec="mjpeg"), "pcma", ["pcm_alaw", "mjpeg"], 8_000),
        (None, "aac", ["aac"], 16_000),
    ],
)
def test_a_clip_has_the_codecs_asked_for_and_the_tracks_length(picture, sound, codecs, rate, track: Track) -> None:
    with av.open(camera_clip(track, picture, sound)) as container:
        found = [stream.codec_context.name for stream in container.streams]
        audio = container.streams.audio[0]
        assert (audio.codec_context.sample_rate, audio.codec_context.channels) == (rate, 1)
        assert float(container.duration / av.time_base) == pytest.approx(track.duration_s, abs=0.1)
    assert [{"libopus": "opus"}.get(name, name) for name in found] == codecs


def test_a_camera_without_sound_has_none() -> None:
    with av.open(camera_clip(None, TEST_CARD)) as container:
        assert [stream.type for stream in container.streams] == ["video"]


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_size_rate_and_key_frames_are_as_asked(codec: str) -> None:
    picture = Picture(codec=codec, width=320, height=240, fps=10, gop_s=1.5, profile="baseline")
    with av.open(camera_clip(None, picture)) as container:
        video = container.streams.video[0]
        assert (video.width, video.height, video.average_rate) == (320, 240, 10)
        times = [float(packet.pts * packet.time_base) for packet in container.demux(video) if packet.is_keyframe]
    assert {round(later - earlier, 3) for earlier, later in pairwise(times)} == {1.5}


def test_a_clip_is_made_once_and_again_when_the_sound_changes(track: Track, tmp_path: Path) -> None:
    first = camera_clip(track, None, folder=tmp_path)
    made_at = first.stat().st_mtime_ns
    again = camera_clip(track, None, folder=tmp_path)
    quieter = camera_clip(Track(track.samples // 2), None, folder=tmp_path)

    assert (again, again.stat().st_mtime_ns) == (first, made_at)
    assert quieter != first
    assert sorted(tmp_path.iterdir()) == sorted([first, quieter])


def test_what_fails_half_made_leaves_nothing(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        cache.made("clip.mp4", "ingredients", fail, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_the_porch_always_moves_and_its_loop_closes() -> None:
    drawn = [np.frombuffer(frame, np.uint8).reshape(540, 640) for frame in scene.frames(640, 360, 5, 2)]
    luma = [cv2.cvtColor(frame, cv2.COLOR_YUV2GRAY_I420).astype(int) for frame in drawn]

    changes = [np.count_nonzero(abs(later - earlier) > 8) for earlier, later in pairwise((*luma, luma[0]))]
    assert min(changes) > 200
    assert changes[-1] < 2 * max(changes[:-1])
