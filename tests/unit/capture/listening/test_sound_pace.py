"""When sound runs at another pace than it arrives, and when it only seems so."""

import numpy as np
import pytest

from wallflower_sidecar.capture.listening.sound import Piece
from wallflower_sidecar.capture.listening.sound_pace import SoundPace

RATE = 8000
WINDOW_S = 1.5


def pieces(since_s, until_s, *, lasts_s=0.04, every_s=0.04, stamped_s=None, lost=lambda _: False):
    """Packets of a stretch of time: each lasts so long, comes so often, and moves the time stamps by so much."""
    step_s = every_s if stamped_s is None else stamped_s
    count = round((until_s - since_s) / every_s)
    mono = np.zeros(round(lasts_s * RATE), np.float32)
    return [Piece(mono, RATE, since_s + n * step_s, since_s + n * every_s) for n in range(count) if not lost(n)]


def verdicts(*windows):
    """What is said at the end of each window of 1.5 s."""
    pace = SoundPace()
    pace.is_lost(0.0)
    said = []
    for number, make in enumerate(windows):
        pace.note(make(WINDOW_S * number, WINDOW_S * (number + 1)))
        said.append(pace.is_lost(WINDOW_S * (number + 1)))
    return said


def right(since_s, until_s):
    return pieces(since_s, until_s)


def fast(since_s, until_s):
    return pieces(since_s, until_s, every_s=0.015, stamped_s=0.04)


def twice(since_s, until_s):
    return pieces(since_s, until_s, every_s=0.02, stamped_s=0.04)


def slow(since_s, until_s):
    return pieces(since_s, until_s, every_s=0.12, stamped_s=0.04)


def silent(_since_s, _until_s):
    return []


def lossy(since_s, until_s):
    return pieces(since_s, until_s, lost=lambda n: n % 3 > 0)


def bursts_lost(since_s, until_s):
    return pieces(since_s, until_s, lost=lambda n: n // 25 % 2)


def stuck(since_s, until_s):
    return pieces(since_s, until_s, stamped_s=0.0)


def test_a_pace_that_was_right_and_is_wrong_for_long_is_lost():
    assert verdicts(right, fast, fast) == [False, False, True]
    assert verdicts(right, slow, slow, slow) == [False, False, False, True]


@pytest.mark.parametrize("wrong", [fast, slow])
def test_a_camera_that_was_never_right_goes_on(wrong):
    assert not any(verdicts(wrong, wrong, wrong))


@pytest.mark.parametrize("odd", [lossy, bursts_lost, stuck, silent])
def test_lost_packets_and_time_stamps_that_stand_still_are_no_other_pace(odd):
    assert not any(verdicts(right, odd, odd, odd))


def test_what_a_pause_of_the_network_holds_back_comes_faster_afterwards():
    assert not any(verdicts(right, slow, fast, slow, fast, right))
    assert not any(verdicts(right, silent, silent, silent, twice, twice, twice, right))
    assert any(verdicts(right, silent, twice, twice, twice))
