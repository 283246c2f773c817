"""The event log: what happens is numbered in the database first, then told to whoever listens."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
import logging

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.clock import format_time
from ..domain.events import Event, EventBounds, EventPage, EventType, NewEvent
from ..events import Broadcaster, Replay, Resync
from ..store import Database, events as stored_events

__all__ = ["EventLog", "EventWriter", "Resync", "forgotten_event"]

LOGGER = logging.getLogger(__name__)


def forgotten_event(
    at: datetime, stream: str | None, start: datetime | None = None, end: datetime | None = None
) -> NewEvent:
    """Tell those who keep copies what is gone: text of [start, end), of one stream or of all; None for no bound."""
    data = {
        "stream": stream,
        "from": None if start is None else format_time(start),
        "to": None if end is None else format_time(end),
    }
    return NewEvent(EventType.TRANSCRIPT_FORGOTTEN, data, at, stream)


class EventWriter:
    """One transaction's events, in the order in which they will be told, and what else depends on its commit."""

    connection: AsyncConnection

    def __init__(self) -> None:
        """Start without events; `connection` is that of the transaction, once it is open."""
        self.newest: int | None = None
        """The highest number given within; where the database knows it, the transaction was committed."""

        self.is_committed = False
        self._events: list[tuple[NewEvent, bool]] = []
        self.numbered: Sequence[Event] = ()
        """What is to be told, once it is numbered."""

        self.on_commit: list[Callable[[], None]] = []
        self.on_failure: list[Callable[[], None]] = []

    def add(self, event: NewEvent, *, stored: bool = True) -> None:
        """Tell this event after commit; one that is not stored gets no number and is never replayed."""
        self._events.append((event, stored))

    def after_commit(self, callback: Callable[[], None]) -> None:
        """What must be true once this is committed, and before anybody is told or may write: call it then."""
        self.on_commit.append(callback)

    def after_failure(self, callback: Callable[[], None]) -> None:
        """Call this if it turns out that nothing of the transaction was committed."""
        self.on_failure.append(callback)

    async def number(self) -> None:
        """Store the events that are to be stored, and number them."""
        kept = await stored_events.append(self.connection, [event for event, stored in self._events if stored])
        self.newest = kept[-1].id if kept else None
        numbers = iter(kept)
        self.numbered = [
            next(numbers) if stored else Event(None, event.type, event.data, event.stream)
            for event, stored in self._events
        ]


class EventLog:
    """The only way to a stored event: rows and events in one transaction, told once it is committed."""

    def __init__(self, database: Database, broadcaster: Broadcaster, failures: Counter[str]) -> None:
        """Write to the database, tell through the broadcaster; what fails after a commit is counted in `failures`."""
        self._database = database
        self._broadcaster = broadcaster
        self._failures = failures
        self._doubtful: EventWriter | None = None
        """Whose commit was not answered: the connection was lost meanwhile."""

    def transaction(self) -> AbstractAsyncContextManager[EventWriter]:
        """Write rows and events together; events are told in the order of their numbers, since writers take turns."""
        return self._told(self._database.write())

    def erasure(self) -> AbstractAsyncContextManager[EventWriter]:
        """Like `transaction`, for deleting: what is deleted within is in no file on return."""
        return self._told(self._database.erase())

    @asynccontextmanager
    async def open(
        self, *, after: int | None = None, stream: str | None = None, types: frozenset[EventType] = frozenset()
    ) -> AsyncGenerator[Replay]:
        """Read what was missed after an id, then what happens; ends for a reader too slow, and at a stop."""
        async with Replay(self._broadcaster, self, after=after, stream=stream, types=types) as replay:
            yield replay

    async def bounds(self) -> EventBounds:
        """Return the oldest number held and the newest given."""
        async with self._database.read() as connection:
            return await stored_events.bounds(connection)

    async def read_after(
        self, after: int, *, limit: int, stream: str | None, types: Collection[EventType]
    ) -> EventPage:
        """Return the next stored events after a number."""
        async with self._database.read() as connection:
            return await stored_events.read_after(connection, after, limit=limit, stream=stream, types=types)

    @asynccontextmanager
    async def _told(self, transaction: AbstractAsyncContextManager[AsyncConnection]) -> AsyncGenerator[EventWriter]:
        writer = EventWriter()
        try:
            async with transaction as writer.connection:
                await self._settle(writer.connection)
                yield writer
                await writer.number()
                self._database.after_commit(lambda: self._tell(writer))
        except BaseException:
            if writer.newest is None:
                self._call(writer.on_failure)
            elif not writer.is_committed:
                self._doubtful = writer
            raise

    async def _settle(self, connection: AsyncConnection) -> None:
        """Find out what became of the last commit, where that is not known, before anything else is written."""
        if (doubtful := self._doubtful) is None:
            return
        newest = (await stored_events.bounds(connection)).newest
        self._doubtful = None
        if doubtful.newest is not None and newest >= doubtful.newest:
            self._tell(doubtful)
        else:
            self._call(doubtful.on_failure)

    def _tell(self, writer: EventWriter) -> None:
        writer.is_committed = True
        self._call(writer.on_commit)
        self._broadcaster.publish(writer.numbered)

    def _call(self, callbacks: Sequence[Callable[[], None]]) -> None:
        """Call each: one that fails keeps neither the others nor the events from those who wait for them."""
        for callback in callbacks:
            try:
                callback()
            except Exception:
                self._failures["after a transaction"] += 1
                LOGGER.exception("What was to be done after a transaction failed")
