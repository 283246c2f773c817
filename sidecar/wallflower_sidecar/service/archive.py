"""What was said and is kept: found again, written out."""

from collections.abc import AsyncIterator, Collection
from datetime import datetime

from ..domain.errors import NotFoundError
from ..domain.transcripts import Segment
from ..store import Database, transcripts as stored
from ..store.streams import stream_names
from ..store.transcripts import Found, Page

EXPORT_BATCH = 1_000
"""Segments read at a time: a reader that is slow to take them holds no state of the database."""


class Archive:
    """The kept text of all streams, those that were removed among them."""

    def __init__(self, database: Database) -> None:
        """Work on an open database."""
        self._database = database

    async def search(
        self,
        *,
        streams: Collection[str] = (),
        q: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        rule: str | None = None,
        speaker: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Found]:
        """Find segments of these streams or of all, newest first without `q`, best first with it.

        Raises NotFoundError for a stream that neither is configured nor has text, FieldError for a bad cursor.
        """
        await self._require(streams)
        async with self._database.read() as connection:
            return await stored.search(
                connection,
                streams=streams,
                q=q,
                start=start,
                end=end,
                rule=rule,
                speaker=speaker,
                limit=limit,
                cursor=cursor,
            )

    async def export(
        self, *, streams: Collection[str] = (), start: datetime | None = None, end: datetime | None = None
    ) -> AsyncIterator[Segment]:
        """Return the segments that begin in [start, end), the oldest first, of these streams or of all.

        What is said while they are read does not take part. Raises NotFoundError at once like `search`.
        """
        await self._require(streams)
        async with self._database.read() as connection:
            ceiling = await stored.newest_seq(connection)
        return self._read(frozenset(streams), start, end, ceiling)

    async def names(self) -> dict[str, str]:
        """Return the names of the configured streams, of other sidecars of the database too, by their ids."""
        async with self._database.read() as connection:
            return await stream_names(connection)

    async def require(self, stream: str | None) -> None:
        """Raise NotFoundError for a stream that neither is configured nor has text."""
        await self._require([stream] if stream else [])

    async def _read(
        self, streams: frozenset[str], start: datetime | None, end: datetime | None, ceiling: int
    ) -> AsyncIterator[Segment]:
        after: Segment | None = None
        while True:
            async with self._database.read() as connection:
                batch = await stored.oldest_first(
                    connection, streams, start=start, end=end, ceiling=ceiling, after=after, limit=EXPORT_BATCH
                )
            for segment in batch:
                yield segment
            if len(batch) < EXPORT_BATCH:
                return
            after = batch[-1]

    async def _require(self, streams: Collection[str]) -> None:
        async with self._database.read() as connection:
            for stream in streams:
                if not await stored.has_stream(connection, stream):
                    raise NotFoundError(f"There is no stream {stream}.")
