"""When a stream tries again."""

import itertools

import pytest

from tests.unit.capture.hand_clock import HandClock
from wallflower_sidecar.capture.stream.retry import Retry
from wallflower_sidecar.domain.errors import CaptureCode
from wallflower_sidecar.domain.streams import StreamState

REFUSED = CaptureCode.CONNECTION_REFUSED


@pytest.fixture
def clock():
    return HandClock()


def longest(clock):
    return Retry(clock, uniform=lambda low, high: high)


def test_the_wait_is_drawn_from_zero_to_a_ceiling_that_doubles_to_a_minute(clock):
    drawn = []
    retry = Retry(clock, uniform=lambda low, high: drawn.append((low, high)) or high)
    for _ in range(9):
        retry.streaming()
        clock.advance(1)
        assert retry.ended(CaptureCode.EOF).state is StreamState.BACKOFF
    assert [high for _, high in drawn] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert {low for low, _ in drawn} == {0.0}


def test_the_real_wait_is_spread_over_the_whole_range(clock):
    delays = [Retry(clock).ended(REFUSED).delay_s for _ in range(400)]
    assert all(0 <= delay <= 1 for delay in delays)
    assert min(delays) < 0.2
    assert max(delays) > 0.8


def test_a_minute_of_streaming_starts_the_doubling_over(clock):
    retry = longest(clock)
    for _ in range(4):
        retry.streaming()
        clock.advance(59)
        retry.ended(CaptureCode.EOF)
    retry.streaming()
    clock.advance(60)
    assert retry.ended(CaptureCode.EOF).delay_s == 1.0


def test_five_failures_in_five_minutes_open_the_breaker_which_probes_every_minute(clock):
    retry = longest(clock)
    waits = []
    for _ in range(7):
        waits.append(retry.ended(REFUSED))
        clock.advance(waits[-1].delay_s)
    assert [wait.state for wait in waits] == [StreamState.BACKOFF] * 4 + [StreamState.OPEN] * 3
    assert [wait.delay_s for wait in waits[4:]] == [60.0] * 3


def test_failures_spread_over_more_than_five_minutes_do_not_open_it(clock):
    retry = longest(clock)
    for _ in range(12):
        assert retry.ended(REFUSED).state is StreamState.BACKOFF
        clock.advance(76)


def test_an_attempt_that_brought_packets_is_no_failure_and_closes_the_breaker(clock):
    retry = longest(clock)
    for _ in range(6):
        retry.ended(REFUSED)
    retry.streaming()
    assert retry.ended(CaptureCode.EOF).state is StreamState.BACKOFF
    for _ in range(4):
        assert retry.ended(REFUSED).state is StreamState.BACKOFF
    assert retry.ended(REFUSED).state is StreamState.OPEN


def test_a_wrong_password_is_tried_after_a_minute_and_then_every_quarter_of_an_hour(clock):
    retry = longest(clock)
    waits = [retry.ended(CaptureCode.AUTH_FAILED) for _ in range(3)]
    assert [(wait.state, wait.delay_s) for wait in waits] == [
        (StreamState.AUTH_FAILED, 60.0),
        (StreamState.AUTH_FAILED, 900.0),
        (StreamState.AUTH_FAILED, 900.0),
    ]
    retry.accepted("session")
    assert retry.ended(CaptureCode.AUTH_FAILED).delay_s == 60.0


def test_a_dead_worker_is_no_failure(clock):
    retry = longest(clock)
    for _ in range(20):
        retry.interrupted()
    assert retry.ended(REFUSED).state is StreamState.BACKOFF


def test_reset_forgets_everything(clock):
    retry = longest(clock)
    for code in itertools.chain([REFUSED] * 6, [CaptureCode.AUTH_FAILED] * 3):
        retry.ended(code)
    retry.reset()
    assert retry.ended(REFUSED) == longest(clock).ended(REFUSED)
    assert retry.ended(CaptureCode.AUTH_FAILED).delay_s == 60.0
