"""When a server that failed is tried again."""

from datetime import timedelta

import pytest

from tests.unit.speech.utterances import SAID_AT
from wallflower_sidecar.speech.whisperlive.breaker import Breaker
from wallflower_sidecar.speech.whisperlive.faults import closed_before_ready, full, stuck
from wallflower_sidecar.speech.whisperlive.limits import Limits


class HandClock:
    """A clock that stands still until it is moved."""

    seconds = 100.0

    def now(self):
        return SAID_AT + timedelta(seconds=self.seconds)

    def monotonic(self):
        return self.seconds


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def breaker(clock):
    return Breaker(Limits(), clock, uniform=lambda low, high: high)


def pauses(breaker, fault, times):
    seen = []
    for _ in range(times):
        breaker.open(fault)
        seen.append(breaker.due_s)
    return seen


def test_pauses_double_up_to_a_minute(breaker):
    assert pauses(breaker, stuck(), 8) == [1, 2, 4, 8, 16, 32, 60, 60]


def test_what_only_a_person_can_heal_is_tried_seldom(breaker):
    assert pauses(breaker, closed_before_ready(), 5) == [30, 60, 120, 240, 300]


def test_what_worked_a_moment_ago_is_tried_again_soon(breaker):
    breaker.close()
    assert pauses(breaker, closed_before_ready(), 3) == [1, 30, 60]


def test_half_of_a_pause_is_chance(clock):
    bounds = []
    breaker = Breaker(Limits(), clock, uniform=lambda low, high: bounds.append((low, high)) or low)
    assert pauses(breaker, stuck(), 2) == [0.5, 1.0]
    assert bounds == [(0.5, 1.0), (1.0, 2.0)]


@pytest.mark.parametrize(("asked_s", "waited_s"), [(0.0, 1.0), (20.0, 20.0), (600.0, 60.0)])
def test_a_full_server_is_asked_when_it_says_but_within_a_minute(breaker, asked_s, waited_s):
    assert pauses(breaker, full(asked_s), 1) == [waited_s]


def test_time_makes_the_next_probe_due(breaker, clock):
    breaker.open(stuck())
    clock.seconds += 0.75
    assert breaker.due_s == 0.25
    clock.seconds += 5
    assert breaker.due_s == 0


def test_a_handshake_closes_it_and_only_text_shortens_the_next_pause(breaker):
    pauses(breaker, stuck(), 4)
    breaker.close()
    assert breaker.fault is None
    assert breaker.due_s == 0
    assert pauses(breaker, stuck(), 1) == [16]
    breaker.reset()
    assert pauses(breaker, stuck(), 1) == [1]
