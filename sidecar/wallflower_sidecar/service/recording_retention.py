"""Removes the recordings that are due: by age, by a stream's bytes, by the free space of the disk."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
import logging

from ..domain.clock import Clock
from ..domain.recordings import RecordingKind
from ..domain.streams import Recording
from ..recordings import retention
from ..recordings.library import Condition
from ..store import Database, keeping, recordings as stored
from ..store.recordings import Located
from .recording_shelf import Shelf

STUCK_S = 3600.0
"""When a file that could not be removed is tried again."""

LOGGER = logging.getLogger(__name__)


class RecordingRetention:
    """Each call looks once; what is left to do is done by the next."""

    def __init__(self, shelf: Shelf, database: Database, clock: Clock) -> None:
        """Remove from a shelf."""
        self.removed: Counter[str] = Counter()
        """How many recordings went, by `age`, `bytes` and `space`."""

        self.exhausted = False
        """Whether the disk is too full although nothing is left that may be removed."""

        self.stuck: dict[str, float] = {}
        """Files that could not be removed, and since when (monotonic); others go in their place meanwhile."""

        self._shelf = shelf
        self._database = database
        self._clock = clock

    async def apply_bounds(self) -> None:
        """Remove what is too old and what is over its stream's bytes. Raises OSError, UnavailableError."""
        self._try_again()
        async with self._database.read() as connection:
            bounds = await keeping.recording_bounds(connection)
        now, before = self._clock.now(), self.removed.total()
        for stream, mine in bounds.items():
            moment = retention.expires_before(mine, now)
            if moment is not None:
                await self._remove_older(stream, moment)
        async with self._database.read() as connection:
            used = await stored.used_bytes(connection)
        for stream, mine in bounds.items():
            await self._remove_surplus(stream, mine, used.get(stream, 0))
        if self.removed.total() != before:
            async with self._database.write() as connection:
                await keeping.forget_bounds_of_none(connection)

    async def make_room(self, disk: Condition) -> None:
        """Remove the oldest segments of all streams until the disk has its floor free, as far as can be told now.

        Raises OSError, UnavailableError.
        """
        missing = retention.missing_bytes(disk.free, disk.total)
        if not missing:
            self.exhausted = False
            return
        async with self._database.read() as connection:
            oldest = await stored.oldest(connection, RecordingKind.SEGMENT, passing_over=self.stuck)
        self.exhausted = not oldest
        await self._remove(_until_freed(oldest, missing), "space")

    async def _remove_older(self, stream: str, moment: datetime) -> None:
        while True:
            async with self._database.read() as connection:
                due = await stored.older_than(connection, stream, moment, passing_over=self.stuck)
            if not due:
                return
            await self._remove(due, "age")

    async def _remove_surplus(self, stream: str, bounds: Recording, used: int) -> None:
        for kind in (RecordingKind.SEGMENT, RecordingKind.CLIP):
            while surplus := retention.surplus_bytes(bounds, used):
                async with self._database.read() as connection:
                    oldest = await stored.oldest(connection, kind, stream, passing_over=self.stuck)
                if not oldest:
                    break
                used -= await self._remove(_until_freed(oldest, surplus), "bytes")

    async def _remove(self, due: Sequence[Located], reason: str) -> int:
        """Remove what can be removed; returns its bytes."""
        gone = set(await self._shelf.remove([each.path for each in due])) if due else set()
        left = [each.path for each in due if each.path not in gone]
        if gone:
            LOGGER.info("Removed %d old recordings (%s)", len(gone), reason)
        if left:
            LOGGER.warning("%d old recordings cannot be removed, %s among them", len(left), left[0])
        self.removed[reason] += len(gone)
        self.stuck |= dict.fromkeys(left, self._clock.monotonic())
        return sum(each.item.bytes for each in due if each.path in gone)

    def _try_again(self) -> None:
        now = self._clock.monotonic()
        self.stuck = {path: since for path, since in self.stuck.items() if now - since < STUCK_S}


def _until_freed(oldest_first: Sequence[Located], surplus: int) -> list[Located]:
    chosen = {item.id for item in retention.until_freed((each.item for each in oldest_first), surplus)}
    return [each for each in oldest_first if each.item.id in chosen]
