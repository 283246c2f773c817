"""How much of a file plays, wherever it was cut off and whatever is in it."""

import random

import pytest

from tests.support.recorded import fragmented_mp4
from wallflower_sidecar.capture.recording.mp4_boxes import inspect


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return fragmented_mp4(tmp_path_factory.mktemp("boxes") / "whole.mp4", 6.0).read_bytes()


def looked_at(tmp_path, content):
    path = tmp_path / "cut.mp4"
    path.write_bytes(content)
    return inspect(path)


def test_a_finished_file_is_whole(tmp_path, whole):
    found = looked_at(tmp_path, whole)
    assert found.duration_s == pytest.approx(6.0, abs=0.15)
    assert found.bytes == len(whole)


def test_a_file_cut_off_anywhere_plays_up_to_its_last_whole_fragment(tmp_path, whole):
    before = 0.0
    for length in range(0, len(whole), len(whole) // 200):
        found = looked_at(tmp_path, whole[:length])
        lasts_s = found.duration_s if found else 0.0
        assert lasts_s >= before
        assert found is None or found.bytes <= length
        before = lasts_s
    assert before > 4.5


@pytest.mark.parametrize("content", [b"", b"\0", bytes(5000), b"RIFF" * 100, b"\0\0\0\1moov" + bytes(60)])
def test_what_is_no_such_file_plays_nothing(tmp_path, content):
    assert looked_at(tmp_path, content) is None


def test_damaged_boxes_are_no_crash(tmp_path, whole):
    dice = random.Random(7)
    for _ in range(300):
        damaged = bytearray(whole[:4000])
        for _ in range(20):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        looked_at(tmp_path, bytes(damaged))
