"""Tells when a stream's speech begins or ceases to become text: a busy or broken recogniser changes no session."""

import asyncio
from contextlib import suppress

from ..domain.clock import Clock
from ..domain.documents import stream_document
from ..domain.errors import UnavailableError
from ..domain.events import EventType, NewEvent
from ..domain.streams import TranscriptionState
from .events import EventLog
from .streams import Streams

LOOK_S = 2.0


class TranscriptionWatch:
    """Compares what is with what was told; that it was switched on or off is told with that change itself."""

    def __init__(self, events: EventLog, streams: Streams, clock: Clock) -> None:
        """Start without anything told."""
        self._events = events
        self._streams = streams
        self._clock = clock
        self._told: dict[str, TranscriptionState] = {}

    async def run(self) -> None:
        """Look every two seconds until cancelled."""
        while True:
            with suppress(UnavailableError):  # told again once the database can be written
                await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Record `stream.changed` for each stream whose transcription went from one state into another."""
        states = {stream.id: self._streams.status(stream.id).transcription.state for stream in self._streams.all()}
        changed = [name for name, state in states.items() if _is_news(self._told.get(name, state), state)]
        if changed:
            async with self._events.transaction() as writer:
                now = self._clock.now()
                for name in changed:
                    if (stream := self._streams.find(name)) is not None:
                        document = stream_document(stream, self._streams.status(name))
                        writer.add(NewEvent(EventType.STREAM_CHANGED, document, now, name))
        self._told = states


def _is_news(before: TranscriptionState, now: TranscriptionState) -> bool:
    return before is not now and TranscriptionState.OFF not in (before, now)
