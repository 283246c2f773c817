"""When a sample was heard: the host's clock at its arrival, freed of the network's delays."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..domain.clock import Clock

WINDOW_S = 30.0
"""Seconds over which the minimum is taken: long enough to see a quick packet, short against drift."""

_STEP_S = 1.0
_STEP_AFTER_S = 3.0
_JITTER_S = 0.1


@dataclass(slots=True)
class _Bucket:
    second: int
    lateness_s: float


class Envelope:
    """The smallest (arrival - media time) of the last 30 s, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._buckets: deque[_Bucket] = deque()

    @property
    def lateness_s(self) -> float | None:
        """What to add to a media time to get its monotonic arrival; None before the first packet."""
        return min((bucket.lateness_s for bucket in self._buckets), default=None)

    def observe(self, media_s: float, arrival_s: float) -> None:
        """Take in one packet's media time and monotonic arrival."""
        lateness_s = arrival_s - media_s
        second = int(arrival_s)
        if self._buckets and self._buckets[-1].second == second:
            self._buckets[-1].lateness_s = min(self._buckets[-1].lateness_s, lateness_s)
            return
        self._buckets.append(_Bucket(second, lateness_s))
        while self._buckets[0].second < second - WINDOW_S:
            self._buckets.popleft()
        self._notice_step(second)

    def _notice_step(self, second: int) -> None:
        """Forget what was before the sender paused: packets late for seconds are not merely delayed."""
        recent = [bucket for bucket in self._buckets if second - _STEP_AFTER_S <= bucket.second < second]
        earlier = [bucket for bucket in self._buckets if bucket.second < second - _STEP_AFTER_S]
        if len(recent) < _STEP_AFTER_S or not earlier:
            return
        if min(each.lateness_s for each in recent) > min(each.lateness_s for each in earlier) + _STEP_S:
            self._buckets = deque(bucket for bucket in self._buckets if bucket not in earlier)


class WallClock:
    """Places pieces of sound one after another on a media time line of its own and tells their UTC.

    That line counts samples, so a camera's time stamps may jump. They are believed where they tell of lost
    sound: a jump ahead is a gap unless the sound would have arrived before it was sent.
    """

    def __init__(self, clock: Clock) -> None:
        """Start at media time 0."""
        self._clock = clock
        self._envelope = Envelope()
        self._media_s = 0.0
        self._origin_s: float | None = None

    @property
    def media_s(self) -> float:
        """Where the next piece begins."""
        return self._media_s

    def place(self, pts_s: float | None, duration_s: float, arrival_s: float) -> float:
        """Append a piece that arrived at monotonic `arrival_s`; returns the seconds lost before it."""
        gap_s = self._gap(pts_s, arrival_s)
        self._media_s += gap_s
        self._envelope.observe(self._media_s, arrival_s)
        self._media_s += duration_s
        return gap_s

    def utc(self, media_s: float) -> datetime:
        """Wall-clock time of a moment of the line, by the host's clock as it goes now."""
        heard_s = media_s + (self._envelope.lateness_s or 0.0)
        return self._clock.now() - timedelta(seconds=self._clock.monotonic() - heard_s)

    def _gap(self, pts_s: float | None, arrival_s: float) -> float:
        if pts_s is None:
            return 0.0
        if self._origin_s is None:
            self._origin_s = pts_s - self._media_s
        jump_s = pts_s - self._origin_s - self._media_s
        if abs(jump_s) < _JITTER_S:
            return 0.0
        lateness_s = self._envelope.lateness_s
        possible = lateness_s is None or arrival_s - (self._media_s + jump_s) >= lateness_s - _JITTER_S
        if jump_s > 0 and possible:
            return jump_s
        self._origin_s = pts_s - self._media_s
        return 0.0
