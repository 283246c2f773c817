"""Files made in memory: on the disk in time, in step, and whole wherever they are cut between two fragments."""

import io

import av
import numpy as np
import pytest

from tests.unit.capture.recording.recorded_packets import ZERO_S, pictures, tone
from wallflower_sidecar.capture.recording.fragmented_mp4 import FRAGMENT_S, FragmentedMp4, PictureFormat
from wallflower_sidecar.capture.recording.packets import AudioTrack
from wallflower_sidecar.capture.recording.parameter_sets import parameter_sets


def made(picture, sound, packets):
    """Mux packets; returns the file and what was out after each packet."""
    mp4 = FragmentedMp4(picture, sound, ZERO_S)
    content, out = mp4.take(), []
    for packet in sorted(packets, key=lambda each: each.dts_s):
        mp4.write(packet)
        content += mp4.take()
        out.append((packet.dts_s - ZERO_S, len(content)))
    return content + mp4.finish(), out


def samples(content):
    with av.open(io.BytesIO(content)) as file:
        stream = file.streams.audio[0]
        frames = [(frame.time, frame.to_ndarray()[0]) for frame in file.decode(stream)]
        return stream.rate, frames


@pytest.fixture(scope="module")
def long_group(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("clips") / "long.h264", gop=10_000)


def picture_of(packets, codec="h264"):
    return PictureFormat(codec, parameter_sets(codec, packets[0].data), packets[0].data)


def test_packets_reach_the_disk_in_time_however_far_apart_key_frames_are(long_group):
    content, out = made(picture_of(long_group), None, long_group)
    assert sum(packet.key for packet in long_group) == 1
    sizes = dict.fromkeys(length for _, length in out)
    assert len(sizes) >= 5
    waited_s, since_s, before = 0.0, 0.0, out[0][1]
    for at_s, length in out:
        if length > before:
            since_s, before = at_s, length
        waited_s = max(waited_s, at_s - since_s)
    assert waited_s <= FRAGMENT_S + 0.2
    for length in list(sizes)[1:]:
        with av.open(io.BytesIO(content[:length])) as cut:
            assert sum(1 for _ in cut.decode(video=0)) > 20


def test_a_camera_whose_pictures_are_all_key_frames_gets_no_fragment_for_each(tmp_path):
    jpegs = pictures(tmp_path / "jpegs.avi", gop=1, seconds=6, codec="mjpeg")
    assert all(packet.key for packet in jpegs)
    content, _ = made(picture_of(jpegs, "mjpeg"), None, jpegs)
    assert content.count(b"moof") <= 8
    with av.open(io.BytesIO(content)) as file:
        assert sum(1 for _ in file.decode(video=0)) == len(jpegs)


@pytest.mark.parametrize(
    ("rate", "layout", "written"), [(8000, "mono", 8000), (44100, "stereo", 44100), (18000, "mono", 48000)]
)
def test_sound_that_mp4_does_not_carry_is_encoded_at_its_own_rate_or_the_next_best(rate, layout, written):
    channels = 1 if layout == "mono" else 2
    content, _ = made(None, AudioTrack("pcm_s16be", None, rate, layout), tone(4.0, rate, channels=channels))
    found, frames = samples(content)
    assert found == written
    assert frames[0][0] == pytest.approx(0.0, abs=0.001)
    assert sum(len(frame) for _, frame in frames) / found == pytest.approx(4.0, abs=0.2)
    loud = np.concatenate([frame for _, frame in frames])[written : 3 * written]
    assert np.sqrt(np.mean(loud**2)) == pytest.approx(12_000 / 32_768 / np.sqrt(2), rel=0.1)


def test_lost_sound_becomes_silence_and_what_follows_is_in_its_place():
    track = AudioTrack("pcm_s16be", None, 8000, "mono")
    content, _ = made(None, track, [*tone(2.0), *tone(2.0, since_s=5.0)])
    rate, frames = samples(content)
    level = {round(at_s, 1): np.sqrt(np.mean(frame**2)) for at_s, frame in frames}
    assert all(heard < 0.01 for at_s, heard in level.items() if 2.3 < at_s < 4.7)
    assert all(heard > 0.2 for at_s, heard in level.items() if 0.3 < at_s < 1.7 or 5.3 < at_s < 6.7)
    assert frames[-1][0] + len(frames[-1][1]) / rate == pytest.approx(7.0, abs=0.2)


def test_sound_that_comes_twice_is_heard_once():
    track = AudioTrack("pcm_s16be", None, 8000, "mono")
    content, _ = made(None, track, [*tone(2.0), *tone(2.0, since_s=0.02)])
    rate, frames = samples(content)
    assert frames[-1][0] + len(frames[-1][1]) / rate < 4.3


def test_sound_from_before_the_first_picture_is_left_out(long_group):
    track = AudioTrack("pcm_s16be", None, 8000, "mono")
    content, _ = made(picture_of(long_group), track, [*long_group, *tone(6.0, since_s=-1.0)])
    _, frames = samples(content)
    assert frames[0][0] == pytest.approx(0.0, abs=0.05)


def test_a_head_that_is_no_key_frame_is_refused():
    with pytest.raises((av.FFmpegError, ValueError)):
        PictureFormat("h264", None, b"\x00\x00\x00\x01\x41\x9a" + bytes(200))
