"""What files are called when the host's clock is stepped."""

from datetime import timedelta

import pytest

from tests.unit.capture.hand_clock import START, HandClock
from tests.unit.capture.recording.recorded_packets import picture
from wallflower_sidecar.capture.recording.clock import RecordingClock


class Sender:
    def __init__(self):
        self.clock = HandClock()
        self.line = RecordingClock(self.clock)
        self.zero_s = self.clock.monotonic()

    def run(self, seconds, delay_s=0.02):
        """Let packets arrive; returns where the line is then."""
        for number in range(round(seconds * 10)):
            at_s = self.clock.monotonic()
            self.line.observe(picture(at_s - 5.0), at_s + (0.3 if number % 7 else delay_s))
            self.clock.advance(0.1)
        return self.clock.monotonic() - 5.0


def test_a_file_begins_when_its_first_packet_was_sent():
    sender = Sender()
    line_s = sender.run(10)
    assert sender.line.start(line_s) - START == pytest.approx(timedelta(seconds=10.02), abs=timedelta(seconds=0.002))
    moment = sender.line.utc(line_s - 3)
    assert sender.line.line_s(moment.timestamp()) == pytest.approx(line_s - 3, abs=0.002)


def test_a_thread_that_waits_between_the_two_clocks_misnames_nothing():
    sender = Sender()
    line_s = sender.run(10)
    expected = sender.line.utc(line_s)
    waits_s = [0.4, 0.2]
    sender.clock.monotonic = lambda: _after(sender.clock, waits_s)
    assert sender.line.utc(line_s) == pytest.approx(expected, abs=timedelta(seconds=0.002))
    waits_s += [0.4, 0.2]
    assert sender.line.line_s(expected.timestamp()) == pytest.approx(line_s, abs=0.002)


def _after(clock, waits_s):
    """The monotonic time, after a wait if one is left."""
    if waits_s:
        clock.advance(waits_s.pop())
    return HandClock.monotonic(clock)


def test_files_that_follow_each_other_adjoin():
    sender = Sender()
    first_s = sender.run(10)
    start = sender.line.start(first_s)
    next_s = sender.run(60)
    end = sender.line.end(start, 59.97, next_s)
    assert sender.line.start(next_s) == end


@pytest.mark.parametrize("step_s", [-3600.0, -5.2, 7200.0])
def test_after_a_step_the_new_clock_holds_and_no_file_is_negative(step_s):
    sender = Sender()
    first_s = sender.run(10)
    start = sender.line.start(first_s)
    sender.run(30)
    sender.clock.step(step_s)
    next_s = sender.run(30)
    end = sender.line.end(start, next_s - first_s, next_s)
    assert end - start == pytest.approx(timedelta(seconds=60), abs=timedelta(seconds=0.01))
    second = sender.line.start(next_s)
    assert second - sender.clock.now() == pytest.approx(timedelta(seconds=0.02), abs=timedelta(seconds=0.01))
    assert (second < end) == (step_s < 0)
    last_s = sender.run(60)
    assert sender.line.end(second, last_s - next_s, last_s) > second


@pytest.mark.parametrize("step_s", [-0.5, -1.5, -2.0, -4.8])
def test_a_clock_set_back_a_little_shortens_the_open_file_and_misnames_no_later_one(step_s):
    sender = Sender()
    begins_s = sender.run(10)
    start = sender.line.start(begins_s)
    sender.run(30)
    sender.clock.step(step_s)
    for _ in range(3):
        next_s = sender.run(30)
        true_start = sender.line.utc(next_s)
        end = sender.line.end(start, next_s - begins_s, next_s)
        begins_s, start = next_s, sender.line.start(next_s)
        assert end == start == pytest.approx(true_start, abs=timedelta(seconds=0.002))


def test_a_file_that_is_shorter_than_the_step_back_is_not_negative():
    sender = Sender()
    begins_s = sender.run(10)
    start = sender.line.start(begins_s)
    sender.clock.step(-3.0)
    next_s = sender.run(2)
    assert sender.line.end(start, next_s - begins_s, next_s) > start
