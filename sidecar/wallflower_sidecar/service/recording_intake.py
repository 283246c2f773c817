"""Files that capture finished become rows and events; whoever reports one never waits."""

from collections.abc import Callable
import logging

from ..domain.clock import Clock
from ..domain.documents import recording_item_document
from ..domain.events import EventType, NewEvent
from ..domain.recordings import SavedFile
from ..store import recordings as stored
from ..store.recordings import Located
from .events import EventLog, EventWriter
from .recording_shelf import Shelf, located
from .write_queue import WriteQueue

LOGGER = logging.getLogger(__name__)

MAX_WAITING = 1_000
"""Files that may wait for the database; what goes beyond it is found on disk again."""

MAX_BATCH = 100


class Intake:
    """A row and its event are one transaction."""

    def __init__(self, shelf: Shelf, events: EventLog, clock: Clock, *, is_configured: Callable[[str], bool]) -> None:
        """Events are told of streams that are configured; the files of others are taken in without."""
        self._shelf = shelf
        self._events = events
        self._clock = clock
        self._is_configured = is_configured
        self._refused = 0
        self._waiting = WriteQueue(
            events, self._write, name="recordings", bound=MAX_WAITING, batch=MAX_BATCH, on_lost=lambda _: self._look()
        )

    @property
    def dropped(self) -> int:
        """Files whose event was given up."""
        return self._refused + self._waiting.lost

    def take(self, file: SavedFile) -> None:
        """Note a finished file; returns at once."""
        name = self._shelf.library.name_of(file.path)
        if name is None or name.end is None or name.stream != file.stream:
            LOGGER.error("A recording of %s has a place that the library does not know", file.stream)
            self._refused += 1
            self._look()
        elif not self._shelf.is_forgotten(name):
            self._waiting.put(located(name, file.bytes))

    async def run(self) -> None:
        """Write until cancelled; what cannot be written now is tried again."""
        await self._waiting.run()

    async def written(self) -> None:
        """Wait until what was taken so far has its row, or never will."""
        await self._waiting.written()

    async def finish(self) -> None:
        """Wait a moment until `run` has written all; only then cancel it."""
        await self._waiting.finish()

    async def add(self, new: Located) -> None:
        """Write one file at once, with its event. Raises UnavailableError."""
        async with self._events.transaction() as writer:
            await self._write(writer, new)

    def drop(self, unwanted: Callable[[Located], bool]) -> None:
        """Write nothing of some of the files that were reported so far; a row may be there until others write."""
        self._waiting.drop(unwanted)

    async def _write(self, writer: EventWriter, new: Located) -> None:
        """A file may be known already, found on disk before it was told here."""
        item = new.item
        await stored.insert_new(writer.connection, [new])
        if self._is_configured(item.stream):
            data = recording_item_document(item)
            # As a copy of the recording the event is forgotten with it.
            writer.add(NewEvent(EventType.RECORDING_SAVED, data, self._clock.now(), item.stream, item.id))

    def _look(self) -> None:
        """Have files looked for on disk that are not taken in here."""
        self._shelf.stale = True
