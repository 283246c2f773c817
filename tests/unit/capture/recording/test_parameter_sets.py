"""Parameter sets found by hand-made NAL units."""

import pytest

from wallflower_sidecar.capture.recording.parameter_sets import may_hold_parameters, parameter_sets

START = b"\x00\x00\x00\x01"
SPS, PPS, IDR, SEI = b"\x67\x42\x01", b"\x68\xce", b"\x65\x88" + bytes([7]) * 20_000, b"\x06\x05"
VPS5, SPS5, PPS5, IDR5 = b"\x40\x01\x0c", b"\x42\x01\x01", b"\x44\x01\xc1", b"\x26\x01\xaf"


def annex_b(*units, start=START):
    return b"".join(start + unit for unit in units)


@pytest.mark.parametrize("start", [START, START[1:]])
def test_h264_parameter_sets_come_before_the_key_frame(start):
    assert parameter_sets("h264", annex_b(SEI, SPS, PPS, IDR, start=start)) == annex_b(SPS, PPS)
    assert parameter_sets("h264", annex_b(SPS, PPS, start=start)) == annex_b(SPS, PPS)


def test_h265_has_three_of_them():
    assert parameter_sets("hevc", annex_b(VPS5, SPS5, PPS5, IDR5)) == annex_b(VPS5, SPS5, PPS5)


@pytest.mark.parametrize("packet", [b"", START, annex_b(IDR), annex_b(PPS, IDR), bytes(50)])
def test_without_a_sequence_parameter_set_there_are_none(packet):
    assert parameter_sets("h264", packet) is None


def test_the_size_is_what_matters_of_a_jpeg():
    jpeg = b"\xff\xd8\xff\xc0\x00\x11\x08\x00\xb4\x01\x40\x03"
    assert parameter_sets("mjpeg", jpeg) == b"\x00\xb4\x01\x40"
    assert parameter_sets("mjpeg", b"\xff\xd8") is None


def test_big_packets_between_key_frames_are_not_searched():
    assert may_hold_parameters(annex_b(IDR), key=True)
    assert may_hold_parameters(annex_b(SPS, PPS), key=False)
    assert not may_hold_parameters(annex_b(IDR), key=False)
