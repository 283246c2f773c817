"""When a medium is gone, and when it only pauses."""

import pytest

from wallflower_sidecar.capture.connection.flow import Flow


def flow(*arrivals_s):
    noted = Flow()
    for arrival_s in arrivals_s:
        noted.note(arrival_s)
    return noted


def every(step_s, until_s):
    return [step_s * number for number in range(round(until_s / step_s))]


def test_what_came_quickly_and_comes_no_more_is_gone_after_some_seconds():
    noted = flow(*every(0.1, 3))
    assert [noted.is_gone(now_s) for now_s in (3.0, 7.0, 7.5)] == [False, False, True]


@pytest.mark.parametrize("arrivals_s", [(), (0.0,), (0.0, 5.0), every(3.0, 30)])
def test_a_medium_that_never_came_or_comes_seldom_is_not_gone(arrivals_s):
    assert not flow(*arrivals_s).is_gone(1000.0)


def test_sound_that_pauses_now_and_then_may_pause_for_longer():
    steady, pausing = flow(*every(0.04, 11)), flow(*every(0.04, 9), *(10.1 + at for at in every(0.04, 9)))
    assert (steady.is_gone_after_steadiness(20.0), pausing.is_gone_after_steadiness(30.0)) == (True, False)
    assert flow(*every(0.04, 9)).is_gone(20.0)
    assert not flow(*every(0.04, 9)).is_gone_after_steadiness(20.0)
