"""When a packet of the line was sent, by the host's clock, and what a file may be called for it."""

from datetime import UTC, datetime, timedelta

from ...domain.clock import Clock
from ..listening.wallclock import Envelope, read_both
from .packets import Placed

ADJOINS_S = 1.0
"""A file ends where the next begins when their times, each read by itself, differ by less: clocks drift, but slowly."""

SET_BACK_S = 5.0
"""A clock set back by less shortens the file then open, by its name; by so much or more, two files bear the same times.

Either way only that file is named by the old clock.
"""


class RecordingClock:
    """Wall-clock times of a session's line, freed of the network's delays."""

    def __init__(self, clock: Clock) -> None:
        """Know nothing of the line yet."""
        self._clock = clock
        self._envelope = Envelope()
        self._ended: datetime | None = None

    def observe(self, packet: Placed, arrival_s: float) -> None:
        """Take in when a packet arrived."""
        self._envelope.observe(packet.dts_s, arrival_s)

    def utc(self, line_s: float) -> datetime:
        """Wall-clock time of a moment of the line, by the host's clock as it goes now; whole milliseconds."""
        now, monotonic_s = read_both(self._clock)
        moment = now + timedelta(seconds=line_s + self._lateness_s - monotonic_s)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def line_s(self, utc_s: float) -> float:
        """The moment of the line that is this wall-clock time (seconds since 1970)."""
        now, monotonic_s = read_both(self._clock)
        return (datetime.fromtimestamp(utc_s, UTC) - now).total_seconds() + monotonic_s - self._lateness_s

    def start(self, line_s: float) -> datetime:
        """The start of a file that begins here: not before the end of the last one, unless the clock was set back."""
        start = self.utc(line_s)
        if self._ended is None or (self._ended - start).total_seconds() >= SET_BACK_S:
            return start
        return max(start, self._ended)

    def end(self, start: datetime, lasts_s: float, next_start_s: float | None) -> datetime:
        """The end of a file: where the next begins if that follows on, else after what it holds."""
        end = start + timedelta(milliseconds=round(lasts_s * 1000))
        if next_start_s is not None:
            following = self.utc(next_start_s)
            if -SET_BACK_S < (following - end).total_seconds() < ADJOINS_S and following > start:
                end = following
        self._ended = end
        return end

    @property
    def _lateness_s(self) -> float:
        return self._envelope.lateness_s or 0.0
