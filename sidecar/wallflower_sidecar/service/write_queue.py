"""What waits to be written: bounded, in order, tried again while the database is away."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import islice, takewhile
import logging

from ..domain.errors import UnavailableError
from .events import EventLog, EventWriter

LOGGER = logging.getLogger(__name__)

RETRY_S = 1.0
FINISH_S = 1.0
LOST_PER_LINE = 1000
"""While more and more is given up, the log says so once for so many."""


async def _nothing_before() -> None:
    pass


class WriteQueue[T]:
    """Whoever puts something in never waits; `run` is the one that writes."""

    def __init__(
        self,
        events: EventLog,
        write: Callable[[EventWriter, T], Awaitable[None]],
        *,
        name: str,
        bound: int,
        batch: int = 1,
        on_lost: Callable[[T], None] = lambda _: None,
        before: Callable[[], Awaitable[None]] = _nothing_before,
    ) -> None:
        """Write up to `batch` in one transaction, by `write`, which is called again if that cannot be committed.

        Beyond `bound` the oldest is given up, and `on_lost`, which must not block, told of it. `before` is awaited
        first: what must be written before what waits here. `name` is for the log.
        """
        self.lost = 0
        """How many were given up."""

        self._events = events
        self._write = write
        self._name = name
        self._bound = bound
        self._batch = min(batch, bound - 1)
        self._on_lost = on_lost
        self._before = before
        self._waiting: deque[tuple[int, T]] = deque()
        self._given = 0
        self._taken = 0
        """The number up to which a transaction has them that may yet be committed."""

        self._told_lost = 0
        self._singly = 0
        """How many are written one by one, as one of them spoils a transaction."""

        self._news = asyncio.Event()
        self._moved = asyncio.Event()
        """Set, and replaced by a new one, whenever some wait no more."""

        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[T]:
        return (item for _, item in self._waiting)

    def put(self, item: T) -> None:
        """Put at the end."""
        if len(self._waiting) >= self._bound:
            self._give_up_oldest()
        self._given += 1
        self._waiting.append((self._given, item))
        self._idle.clear()
        self._news.set()

    def drop(self, unwanted: Callable[[T], bool]) -> list[T]:
        """Write nothing of some of them; returns those. What a transaction has is committed before others write."""
        dropped = [item for _, item in self._waiting if unwanted(item)]
        if dropped:
            self._waiting = deque(each for each in self._waiting if not unwanted(each[1]))
            self._rest()
        return dropped

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._news.wait()
            try:
                await self._write_some()
            except UnavailableError:
                await asyncio.sleep(RETRY_S)

    async def written(self) -> None:
        """Wait until what was put so far is written, or never will be."""
        given = self._given
        while self._waiting and self._waiting[0][0] <= given:
            await self._moved.wait()

    async def finish(self) -> None:
        """Wait a moment until `run` has written all, then say how many cannot be; only after that cancel it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_S):
                await self._idle.wait()
        self._tell_lost()
        if self._waiting:
            self.lost += len(self._waiting)
            LOGGER.warning("%d %s could not be stored before the stop", len(self._waiting), self._name)

    async def _write_some(self) -> None:
        some: list[tuple[int, T]] = []
        given = self._given
        await self._before()
        try:
            async with self._events.transaction() as writer:
                # Only here: what was in doubt is settled, and nobody else writes until these are committed.
                first = islice(self._waiting, 1 if self._singly else self._batch)
                some += takewhile(lambda each: each[0] <= given, first)
                if some:
                    self._taken = some[-1][0]
                    for _, item in some:
                        await self._write(writer, item)
                    writer.after_commit(lambda: self._done(some[-1][0]))
        except UnavailableError:
            raise
        except Exception:
            LOGGER.exception("%d %s cannot be stored", len(some), self._name)
            if len(some) > 1:
                self._singly = len(some)
                return
            for number, item in some:
                self._done(number)
                self._lose(item)
        self._singly = max(0, self._singly - len(some))

    def _done(self, number: int) -> None:
        """All up to this one are written, or never will be."""
        while self._waiting and self._waiting[0][0] <= number:
            self._waiting.popleft()
        self._rest()

    def _rest(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
        if not self._waiting:
            self._news.clear()
            self._idle.set()
            self._tell_lost()

    def _give_up_oldest(self) -> None:
        """The oldest that no transaction has."""
        place = next(place for place, (number, _) in enumerate(self._waiting) if number > self._taken)
        _, item = self._waiting[place]
        del self._waiting[place]
        self._lose(item)
        if self.lost - self._told_lost >= LOST_PER_LINE:
            self._tell_lost()

    def _tell_lost(self) -> None:
        if lost := self.lost - self._told_lost:
            LOGGER.warning("%d %s were given up, as the database could not take them", lost, self._name)
            self._told_lost = self.lost

    def _lose(self, item: T) -> None:
        self.lost += 1
        self._on_lost(item)
