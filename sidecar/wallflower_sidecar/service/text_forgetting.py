"""Forgetting text: gone from every file, and told to whoever keeps copies of it."""

from datetime import datetime

from ..domain.clock import Clock
from ..store import transcripts as stored
from .archive import Archive
from .events import EventLog, forgotten_event


class TextForgetting:
    """What was said in a time, with its hits, index entries and event copies."""

    def __init__(self, archive: Archive, events: EventLog, clock: Clock) -> None:
        """Know by the archive which streams there are."""
        self._archive = archive
        self._events = events
        self._clock = clock

    async def require(self, stream: str | None) -> None:
        """Raise NotFoundError for a stream that neither is configured nor has text."""
        await self._archive.require(stream)

    async def delete(
        self, *, stream: str | None = None, start: datetime | None = None, end: datetime | None = None
    ) -> int:
        """Forget the segments that begin in [start, end); returns how many. Raises NotFoundError, UnavailableError."""
        await self._archive.require(stream)
        async with self._events.erasure() as writer:
            segments = await stored.forget(writer.connection, stream=stream, start=start, end=end)
            writer.add(forgotten_event(self._clock.now(), stream, start, end))
        return segments
