"""Times that jump, and a picture that becomes another: files stay whole, in step and rightly named."""

from dataclasses import replace

import pytest

from tests.faults.recording_rig import check_names, new_root, play, recording
from tests.support.clips import Picture, camera_clip
from tests.support.ffmpeg import encode
from tests.support.rtsp_camera import FakeCamera
from wallflower_sidecar.capture.messages import Recorded

pytestmark = pytest.mark.faults


@pytest.fixture
def root(tmp_path):
    return new_root(tmp_path)


@pytest.mark.parametrize("seconds", [1000.0, -40.0])
async def test_a_clock_that_jumps_begins_a_new_file_and_loses_nothing(camera, root, seconds):
    async with recording(camera.url("porch"), root) as rec:
        rec.continuous(segment_s=60.0)
        await rec.written()
        await camera.jump("porch", seconds)
        await rec.saved()
        await rec.written()
    reports = rec.heard.of(Recorded)
    check_names(root, reports)
    assert reports[-1].end - reports[0].start < 30
    for report in reports:
        seen = play(root / report.path)
        lasts_s = report.end - report.start
        assert seen.upward
        assert seen.damaged == 0
        assert seen.pictures == pytest.approx(15 * lasts_s, abs=4)
        assert seen.picture_s == pytest.approx((0.0, lasts_s), abs=0.3)
        assert seen.sound_s == pytest.approx((0.0, lasts_s), abs=0.3)


async def test_another_size_ends_the_session_and_its_file_plays(camera, root, talk):
    async with recording(camera.url("porch"), root) as rec:
        rec.continuous()
        await rec.written()
        await camera.swap("porch", camera_clip(talk, Picture(codec="h265", width=320, height=180)))
        ended = await rec.heard.end()
    assert ended.code == "codec_changed"
    reports = rec.heard.of(Recorded)
    check_names(root, reports)
    assert play(root / reports[0].path).damaged == 0


async def test_parameter_sets_that_come_with_the_key_frames_alone_are_found_and_new_ones_begin_a_file(root, tmp_path):
    clips = []
    for profile in ("high", "baseline"):
        clips.append(tmp_path / f"{profile}.mp4")
        card = "testsrc2=size=320x180:rate=15:duration=6"
        speed = ("-c:v", "libx264", "-preset", "ultrafast", "-profile:v", profile, "-g", "30", "-bf", "0")
        headers = ("-pix_fmt", "yuv420p", "-x264-params", f"repeat-headers=1:ref={1 if profile == 'high' else 2}")
        encode(("-f", "lavfi", "-i", card, *speed, *headers, str(clips[-1])))
    async with FakeCamera({"porch": clips[0]}) as camera:
        _forget_parameters(camera)
        async with recording(camera.url("porch"), root) as rec:
            rec.continuous(segment_s=60.0)
            await rec.written()
            await camera.swap("porch", clips[1])
            await rec.saved()
            await rec.written()
    reports = rec.heard.of(Recorded)
    assert len(reports) == 2
    check_names(root, reports)
    for report in reports:
        seen = play(root / report.path)
        assert seen.codecs == ("avc1",)
        assert seen.damaged == 0
        assert seen.pictures > 15


def _forget_parameters(camera):
    """Describe the picture without its parameter sets."""
    stream = camera._sources["porch"].stream
    tracks = tuple(
        replace(track, sdp=tuple(line.partition("; sprop")[0] for line in track.sdp)) for track in stream.clip.tracks
    )
    assert tracks != stream.clip.tracks
    stream.clip = replace(stream.clip, tracks=tracks)
