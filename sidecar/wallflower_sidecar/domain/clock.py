"""Time as a parameter: a wall clock in UTC and a monotonic clock behind one small interface."""

from datetime import UTC, datetime, timedelta
import time
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from; tests pass their own."""

    def now(self) -> datetime:
        """Return the wall-clock time, UTC and aware."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """Return the wall-clock time, UTC and aware."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()


def format_time(moment: datetime) -> str:
    """Write an aware time as RFC 3339 UTC with milliseconds: `2026-11-22T07:20:42.125Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_millis(moment: datetime) -> int:
    """Whole milliseconds since 1970 in UTC, as the store keeps a time."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_millis(millis: int) -> datetime:
    """The aware UTC time of `to_millis`."""
    return _EPOCH + timedelta(milliseconds=millis)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
