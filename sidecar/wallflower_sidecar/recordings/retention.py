"""Which recordings go: those too old, then those over a stream's bytes, then the oldest of all on a full disk.

Clips that somebody kept go last. Their age counts from the moment they were kept, a stream's bytes take them only when
none of its segments is left, and a full disk never does.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from ..domain.recordings import RecordingItem
from ..domain.streams import Recording

GIB = 1024**3
FLOOR_SHARE = 10
"""So many such parts make the disk."""


def floor_bytes(total: int) -> int:
    """Return how much of a disk stays free: 1 GiB, but no more than a tenth of it."""
    return min(GIB, total // FLOOR_SHARE)


def missing_bytes(free: int, total: int) -> int:
    """Return how much must go for the disk to have its floor free."""
    return max(0, floor_bytes(total) - free)


def surplus_bytes(bounds: Recording, used: int) -> int:
    """Return how much a stream's recordings take beyond what it may."""
    return 0 if bounds.retain_bytes is None else max(0, used - bounds.retain_bytes)


def expires_before(bounds: Recording, now: datetime) -> datetime | None:
    """Return the moment before which a stream's recordings must have ended, None to keep them for ever."""
    return None if bounds.retain_days is None else now - timedelta(days=bounds.retain_days)


def until_freed(oldest_first: Iterable[RecordingItem], surplus: int) -> list[RecordingItem]:
    """Return as many from the front as make up a surplus."""
    chosen = []
    for item in oldest_first:
        if surplus <= 0:
            break
        chosen.append(item)
        surplus -= item.bytes
    return chosen
