"""Joins what was missed with what happens now: every event once, in order."""

from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from ..domain.events import Event, EventBounds, EventPage, EventType
from .broadcaster import QUEUE, Broadcaster, Ended

PAGE = 500


@dataclass(frozen=True, slots=True)
class Resync:
    """What was missed is not known any more: start over from here. Sent with `newest` as its id."""

    oldest: int
    newest: int


class EventReader(Protocol):
    """Where stored events are read."""

    async def bounds(self) -> EventBounds:
        """Return the oldest number held and the newest given."""

    async def read_after(
        self, after: int, *, limit: int, stream: str | None, types: Collection[EventType]
    ) -> EventPage:
        """Return the next stored events after a number."""


def is_held(after: int, bounds: EventBounds) -> bool:
    """Whether reading on after this id misses nothing; 0 is good for as long as nothing was forgotten."""
    if after == 0:
        return bounds.newest == 0 or bounds.oldest == 1
    return bounds.oldest <= after <= bounds.newest


class Replay:
    """An async iterator: the stored events after an id, then live ones; an async context manager, so that it ends.

    It subscribes when it is made, so nothing that happens from then on is missed. `after` None means new events only.
    Live events without an id (partials, streams that store nothing) pass only once the stored ones are through.
    """

    def __init__(
        self,
        broadcaster: Broadcaster,
        reader: EventReader,
        *,
        after: int | None,
        stream: str | None = None,
        types: frozenset[EventType] = frozenset(),
        bound: int = QUEUE,
    ) -> None:
        """Read stored events from `reader`, live ones from `broadcaster`; all types for the empty set."""
        self._live = broadcaster.subscribe(stream=stream, types=types, bound=bound)
        self._reader = reader
        self._stream = stream
        self._types = types
        self._stored_position = after or 0
        self._events = self._joined(after)

    @property
    def position(self) -> int:
        """The id up to which everything was given or filtered out; 0 when not known yet."""
        return max(self._stored_position, self._live.position)

    @property
    def ended(self) -> Ended | None:
        """Why there are no more events, None while there may be."""
        return self._live.ended

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event | Resync:
        return await anext(self._events)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.end(Ended.CLOSED)
        await self._events.aclose()

    async def _joined(self, after: int | None) -> AsyncGenerator[Event | Resync]:
        if after is not None:
            bounds = await self._reader.bounds()
            if is_held(after, bounds):
                async for event in self._stored(after):
                    yield event
            else:
                self._stored_position = bounds.newest
                yield Resync(bounds.oldest, bounds.newest)
        joined_at = self._stored_position
        async for event in self._live:
            if event.id is None or event.id > joined_at:
                yield event

    async def _stored(self, after: int) -> AsyncGenerator[Event]:
        complete = False
        while not complete and not self._is_over():
            page = await self._reader.read_after(after, limit=PAGE, stream=self._stream, types=self._types)
            for event in page.events:
                if self._is_over():
                    return
                self._stored_position = event.id or self._stored_position
                yield event
            after, complete = page.position, page.complete
            self._stored_position = after

    def _is_over(self) -> bool:
        return self._live.ended is not None
