"""Video packets that are not what was announced."""

import random

import pytest

from wallflower_sidecar.capture.connection.nal import VideoGuard
from wallflower_sidecar.domain.errors import CaptureCode

START = b"\x00\x00\x00\x01"
H264_SPS, H264_PPS, H264_IDR, H264_SLICE = b"\x67\x64\x00\x1f", b"\x68\xee", b"\x65\x88\x80", b"\x41\x9a\x24"
H265_KEY = START + b"\x40\x01\x0c" + START + b"\x42\x01\x01" + START + b"\x44\x01\xc1" + START + b"\x26\x01\xaf"
H265_SLICE = START + b"\x02\x01\xd0"


def h264_key(sps=H264_SPS):
    return START + sps + START + H264_PPS + START + H264_IDR + bytes(2000)


def first_verdict(codec, packets):
    guard = VideoGuard(codec)
    for packet, _ in packets:
        verdict = guard.observe(packet)
        if verdict is not None:
            return verdict
    return None


H264 = [(h264_key(), True), *[(START + H264_SLICE, False)] * 29] * 4
H265 = [(H265_KEY, True), *[(H265_SLICE, False)] * 29] * 4


@pytest.mark.parametrize(("codec", "packets"), [("h264", H264), ("hevc", H265)])
def test_what_was_announced_goes_through(codec, packets):
    assert first_verdict(codec, packets) is None


@pytest.mark.parametrize(("codec", "packets"), [("h264", H264 + H265), ("hevc", H265 + H264)])
def test_the_other_codec_is_a_change(codec, packets):
    assert first_verdict(codec, packets) is CaptureCode.CODEC_CHANGED


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_random_bytes_are_corrupt(codec):
    rng = random.Random(2)
    garbage = [(START + rng.randbytes(500), rng.random() < 0.2) for _ in range(100)]
    assert first_verdict(codec, garbage) is CaptureCode.CORRUPT_STREAM


def test_a_few_damaged_packets_are_no_reason_to_end():
    damaged = list(H264)
    for at in (10, 20, 50, 80, 110):
        damaged[at] = (START + b"\xe7\x01\x02", False)
    assert first_verdict("h264", damaged) is None


def test_other_sequence_parameters_are_noticed_once():
    guard = VideoGuard("h264")
    other = b"\x67\x64\x00\x28"
    keys = [h264_key(), h264_key(), h264_key(other), h264_key(other), START + H264_IDR]
    assert [guard.has_new_parameters(key) for key in keys] == [False, False, True, False, False]
    assert not VideoGuard("mjpeg").has_new_parameters(b"anything")


def jpeg(height, width):
    start = b"\xff\xd8\xff\xdb\x00\x43\x00" + bytes(64)
    return start + b"\xff\xc0\x00\x11\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\x03" + bytes(500)


def test_a_jpeg_of_another_size_is_noticed_once():
    guard = VideoGuard("mjpeg")
    pictures = [jpeg(360, 640), jpeg(360, 640), jpeg(720, 640), jpeg(720, 640), b"no picture"]
    assert [guard.has_new_parameters(each) for each in pictures] == [False, False, True, False, False]


def test_other_codecs_and_odd_packets_are_taken_as_they_come():
    odd = [(b"", True), (b"\x00", False), (START, True), (b"\xff" * 50, True)] * 20
    assert first_verdict("mjpeg", odd) is None
    assert first_verdict("h264", odd) is None
