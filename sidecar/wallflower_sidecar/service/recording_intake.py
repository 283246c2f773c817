"""Files that capture finished become rows and events; whoever reports one never waits."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
import logging

from ..domain.clock import Clock
from ..domain.documents import recording_item_document
from ..domain.errors import UnavailableError
from ..domain.events import EventType, NewEvent
from ..domain.recordings import SavedFile
from ..store import recordings as stored
from ..store.recordings import Located
from .events import EventLog, EventWriter
from .recording_shelf import Shelf, located

LOGGER = logging.getLogger(__name__)

MAX_WAITING = 1_000
"""Files that may wait for the database; what goes beyond it is found on disk again."""

MAX_BATCH = 100
RETRY_S = 1.0
FINISH_S = 1.0


class Intake:
    """One task writes what is reported, in order; a row and its event are one transaction."""

    def __init__(self, shelf: Shelf, events: EventLog, clock: Clock, *, is_configured: Callable[[str], bool]) -> None:
        """Events are told of streams that are configured; the files of others are taken in without."""
        self.dropped = 0
        """Files whose event was given up."""
        self._shelf = shelf
        self._events = events
        self._clock = clock
        self._is_configured = is_configured
        self._waiting: deque[Located] = deque()
        self._writing = asyncio.Lock()
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def take(self, file: SavedFile) -> None:
        """Note a finished file; returns at once."""
        name = self._shelf.library.name_of(file.path)
        if name is None or name.end is None or name.stream != file.stream:
            LOGGER.error("A recording of %s has a place that the library does not know", file.stream)
            self._give_up()
            return
        if self._shelf.is_forgotten(name):
            return
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self._give_up()
        self._waiting.append(located(name, file.bytes))
        self._idle.clear()
        self._news.set()

    async def run(self) -> None:
        """Write until cancelled; what cannot be written now is tried again."""
        while True:
            await self._news.wait()
            try:
                await self._write()
            except UnavailableError:
                await asyncio.sleep(RETRY_S)

    async def finish(self) -> None:
        """Wait until `run` has written all, unless it takes too long; only then cancel it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_S):
                await self._idle.wait()

    async def add(self, new: Located) -> None:
        """Write one file at once, with its event. Raises UnavailableError."""
        async with self._writing:
            await self._commit([new])

    async def drop(self, unwanted: Callable[[Located], bool]) -> None:
        """Write nothing of some of the files that were reported so far."""
        async with self._writing:
            self._waiting = deque(each for each in self._waiting if not unwanted(each))
            self._rest()

    async def _write(self) -> None:
        async with self._writing:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
            try:
                await self._commit(batch)
            except UnavailableError, asyncio.CancelledError:
                self._waiting.extendleft(reversed(batch))
                raise
            except Exception:
                LOGGER.exception("%d recordings cannot be taken in; they are looked for on disk again", len(batch))
                self._give_up(len(batch))
            self._rest()

    async def _commit(self, recordings: Sequence[Located]) -> None:
        """A file may be known already, found on disk before it was told here."""
        async with self._events.transaction() as writer:
            await stored.insert_new(writer.connection, recordings)
            for each in recordings:
                self._tell(writer, each)

    def _tell(self, writer: EventWriter, new: Located) -> None:
        item = new.item
        if self._is_configured(item.stream):
            data = recording_item_document(item)
            # As a copy of the recording the event is forgotten with it.
            writer.add(NewEvent(EventType.RECORDING_SAVED, data, self._clock.now(), item.stream, item.id))

    def _rest(self) -> None:
        if not self._waiting:
            self._news.clear()
            self._idle.set()

    def _give_up(self, count: int = 1) -> None:
        self.dropped += count
        self._shelf.stale = True
