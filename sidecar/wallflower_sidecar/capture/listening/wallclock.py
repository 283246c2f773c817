"""When a sample was heard: the host's clock at its arrival, freed of the network's delays."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...domain.clock import Clock

WINDOW_S = 30.0
"""Seconds over which the minimum is taken: long enough to see a quick packet, short against drift."""

_STEPS_S = ((0.3, 10), (1.0, 3))
"""Every packet this late for so many seconds: the sender paused. Mere delays that are so long pass sooner."""

_JITTER_S = 0.1
_LATE_S = 0.3
_READING_S = 0.0005
_READINGS = 10


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
        for step_s, after_s in _STEPS_S:
            self._notice_step(second, step_s, after_s)

    def _notice_step(self, second: int, step_s: float, after_s: int) -> None:
        """Forget what was before the sender paused."""
        recent = [bucket for bucket in self._buckets if second - after_s <= bucket.second < second]
        earlier = [bucket for bucket in self._buckets if bucket.second < second - after_s]
        if len(recent) < after_s or not earlier:
            return
        if min(each.lateness_s for each in recent) > min(each.lateness_s for each in earlier) + step_s:
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
        return self.reading()(media_s)

    def reading(self) -> Callable[[float], datetime]:
        """Read the host's clock once; what is returned tells the wall-clock time of any moment of the line by it.

        Moments read together keep their distances, also when the clock is stepped between them.
        """
        now, monotonic_s = read_both(self._clock)
        lateness_s = self._envelope.lateness_s or 0.0
        return lambda media_s: now + timedelta(seconds=media_s + lateness_s - monotonic_s)

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
        # The camera counts anew. What it lost meanwhile is only seen by how late the sound now comes.
        late_s = 0.0 if lateness_s is None else arrival_s - self._media_s - lateness_s
        gap_s = late_s if late_s > _LATE_S else 0.0
        self._origin_s = pts_s - self._media_s - gap_s
        return gap_s


def read_both(clock: Clock) -> tuple[datetime, float]:
    """Wall clock and monotonic clock at one moment; a thread may be made to wait between the two readings."""
    best = _read(clock)
    for _ in range(_READINGS):
        if best[0] <= _READING_S:
            break
        best = min(best, _read(clock))
    return best[1:]


def _read(clock: Clock) -> tuple[float, datetime, float]:
    """How far apart the readings are, and both."""
    before_s = clock.monotonic()
    now = clock.now()
    took_s = clock.monotonic() - before_s
    return took_s, now, before_s + took_s / 2
