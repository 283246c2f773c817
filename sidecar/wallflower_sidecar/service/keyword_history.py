"""What rules found, and what a rule would have found: a replay over kept text."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
import heapq

from ..domain.clock import to_millis
from ..domain.errors import FieldError, UnavailableError
from ..domain.keywords import Hit, Rule
from ..keywords import Rehearsal, validate_rule
from ..store import Database, keywords as stored
from ..store.keywords import KeptText
from ..store.paging import After, Page, decode_after
from .archive import Archive

BATCH = 4_000
"""Segments read and matched at a time: about 60 ms of a thread."""

MOST_WAITING = 4
"""One replay runs, so many wait; they are quick, but each takes a whole core."""

WARM_UP = timedelta(seconds=60)
"""What was said so long before the range is listened to, as a phrase may begin in it."""


class KeywordHistory:
    """Looks back: at the hits that are kept, and at what a rule that is not set would have done."""

    def __init__(self, database: Database, archive: Archive) -> None:
        """Work on an open database, and on the text in it."""
        self._database = database
        self._archive = archive
        self._running = asyncio.Semaphore()
        self._waiting = 0

    async def hits(
        self,
        *,
        stream: str | None = None,
        rule: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Hit]:
        """List hits that begin in [start, end), newest first.

        Raises NotFoundError for a stream that neither is configured nor left anything, FieldError for a bad cursor.
        """
        await self._archive.require(stream)
        async with self._database.read() as connection:
            return await stored.list_hits(
                connection, stream=stream, rule=rule, start=start, end=end, limit=limit, cursor=cursor
            )

    async def replay(
        self,
        rule: Rule,
        *,
        stream: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[int, Page[Hit]]:
        """Return how often a rule would have fired on text that begins in [start, end), and those hits newest first.

        Raises FieldError (in the rule: `rule.phrases[0]`), NotFoundError, UnavailableError when too many ask at once.
        """
        before = decode_after(cursor)
        if self._waiting > MOST_WAITING:
            raise UnavailableError("Other rules are being replayed. Try again in a few seconds.")
        self._waiting += 1
        try:
            await _validate(rule)
            await self._archive.require(stream)
            async with self._running:
                return await self._replay(_Newest(rule, start, limit, before), stream, end)
        finally:
            self._waiting -= 1

    async def _replay(self, newest: _Newest, stream: str | None, end: datetime | None) -> tuple[int, Page[Hit]]:
        after: After | None = None
        while True:
            async with self._database.read() as connection:
                texts = await stored.kept_texts(
                    connection, stream=stream, start=newest.listens_from, end=end, after=after, limit=BATCH
                )
            await asyncio.to_thread(newest.take, texts)
            if len(texts) < BATCH:
                return newest.count, newest.page()
            after = After(texts[-1].start, texts[-1].id)


class _Newest:
    """Counts a rule's hits and holds the newest of those that come after a cursor."""

    def __init__(self, rule: Rule, start: datetime | None, limit: int, before: After | None) -> None:
        self.count = 0
        self.listens_from = None if start is None else _earlier(start, WARM_UP + timedelta(seconds=rule.cooldown_s))
        self._rehearsal = Rehearsal(rule)
        self._start = start
        self._limit = limit
        self._before = None if before is None else (before.start, before.id)
        self._held: list[tuple[tuple[int, str], Hit]] = []

    def take(self, texts: Sequence[KeptText]) -> None:
        """Let the rule hear these; raises FieldError if its expression takes too long."""
        for text in texts:
            hit = self._rehearsal.hear(stored.segment_of(text))
            if hit is None or (self._start is not None and hit.start < self._start):
                continue
            self.count += 1
            key = (to_millis(hit.start), hit.id)
            if self._before is None or key < self._before:
                heapq.heappush(self._held, (key, hit))
                if len(self._held) > self._limit + 1:
                    heapq.heappop(self._held)

    def page(self) -> Page[Hit]:
        """The newest, newest first."""
        newest = sorted(self._held, key=lambda each: each[0], reverse=True)
        items = tuple(hit for _, hit in newest[: self._limit])
        if len(newest) <= self._limit:
            return Page(items, None)
        return Page(items, After(*newest[self._limit - 1][0]).encode())


async def _validate(rule: Rule) -> None:
    try:
        await asyncio.to_thread(validate_rule, rule)
    except FieldError as error:
        raise FieldError(f"rule.{error.path}", str(error)) from None


def _earlier(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment - by
    except OverflowError:
        return datetime.min.replace(tzinfo=moment.tzinfo)
