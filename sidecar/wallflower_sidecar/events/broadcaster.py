"""Tells what happens to whoever listens now; nobody is waited for."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from enum import StrEnum
from types import TracebackType
from typing import Self

from ..domain.events import Event, EventType

QUEUE = 1_000
"""Events that may wait for one reader; with more it is cut off and can come back for the rest."""


ONLY_IF_NAMED = frozenset({EventType.TRANSCRIPT_SUPPRESSED})
"""Types for debugging, which nobody gets who does not ask for them by name."""


class Ended(StrEnum):
    """Why a subscription gives no more events."""

    TOO_SLOW = "too_slow"
    STOPPED = "stopped"
    CLOSED = "closed"


class Subscription:
    """An async iterator of the events of some stream and types, from now on; ends for the reason in `ended`."""

    def __init__(
        self, broadcaster: Broadcaster, *, stream: str | None, types: frozenset[EventType], bound: int
    ) -> None:
        """Take every stream for None, every type but those that must be named for the empty set."""
        self.ended: Ended | None = None
        self.position = 0
        self._broadcaster = broadcaster
        self._stream = stream
        self._types = types
        self._bound = bound
        self._seen = 0
        self._waiting: deque[Event] = deque()
        self._news = asyncio.Event()

    def wants(self, kind: EventType, stream: str | None) -> bool:
        """Whether an event of this type and stream is let through."""
        if self._stream not in {None, stream}:
            return False
        return kind in self._types or (not self._types and kind not in ONLY_IF_NAMED)

    def offer(self, event: Event) -> None:
        """Queue an event that is wanted; a reader with too much waiting is cut off."""
        if self.ended is not None:
            return
        if event.id is not None:
            self._seen = event.id
        if self.wants(event.type, event.stream):
            if len(self._waiting) >= self._bound:
                self.end(Ended.TOO_SLOW)
                return
            self._waiting.append(event)
            self._news.set()
        elif not self._waiting:
            self.position = self._seen

    def end(self, reason: Ended) -> None:
        """Give no more events, not even those that wait."""
        if self.ended is None:
            self.ended = reason
            self._waiting.clear()
            self._news.set()
            self._broadcaster.forget(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._waiting:
            if self.ended is not None:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        event = self._waiting.popleft()
        self.position = event.id or self.position if self._waiting else self._seen or self.position
        return event

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(Ended.CLOSED)


class Broadcaster:
    """Hands every published event to every subscription that wants it; for one event loop."""

    def __init__(self) -> None:
        """Start without subscriptions."""
        self.cut_off = 0
        self._subscriptions: dict[Subscription, None] = {}
        self._is_closed = False
        self._on_change: Callable[[], None] | None = None

    def follow(self, on_change: Callable[[], None]) -> None:
        """Call `on_change` at once whenever a subscription began or ended, and with it what is wanted changed."""
        self._on_change = on_change

    def publish(self, events: Sequence[Event]) -> None:
        """Tell events, in their order; never waits."""
        for event in events:
            for subscription in tuple(self._subscriptions):
                subscription.offer(event)

    def subscribe(
        self, *, stream: str | None = None, types: frozenset[EventType] = frozenset(), bound: int = QUEUE
    ) -> Subscription:
        """Begin to collect events now; use as a context manager, so that it ends."""
        subscription = Subscription(self, stream=stream, types=types, bound=bound)
        self._subscriptions[subscription] = None
        if self._is_closed:
            subscription.end(Ended.STOPPED)
        self._changed()
        return subscription

    def is_wanted(self, kind: EventType, stream: str | None) -> bool:
        """Whether anybody listens for this type of event of a stream."""
        return any(subscription.wants(kind, stream) for subscription in self._subscriptions)

    def forget(self, subscription: Subscription) -> None:
        """Drop a subscription that ended."""
        if self._subscriptions.pop(subscription, self) is not self and subscription.ended is Ended.TOO_SLOW:
            self.cut_off += 1
        self._changed()

    def close(self) -> None:
        """End all subscriptions, and new ones at once."""
        self._is_closed = True
        for subscription in tuple(self._subscriptions):
            subscription.end(Ended.STOPPED)

    def _changed(self) -> None:
        if self._on_change is not None:
            self._on_change()
