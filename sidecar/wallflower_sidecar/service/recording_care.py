"""Care for the recordings folder: it is set up once, watched, brought in line with its rows, and tidied."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
import logging
import os

from ..domain.clock import Clock
from ..domain.streams import Recording
from ..recordings.leftovers import HURRIED_QUIET_S, Leftovers
from ..recordings.library import Condition, FolderState, StoredFile, concerns_one_folder
from ..store import Database, forgotten, recordings as stored
from .recording_intake import Intake
from .recording_retention import RecordingRetention
from .recording_shelf import Shelf
from .streams import Streams

LOGGER = logging.getLogger(__name__)

TIDY_EVERY_S = 60.0
REBUILD_EVERY_S = 3600.0
"""A file of which the report was lost is seen by then, and goes when it is due."""

HURRIED_S = 60.0
"""So long after a recorder died, each round looks for what it left."""

TAKEN_IN_S = 5.0
"""So long retention waits for the rows of what was just finished, which may be over a bound itself."""

PURGE_AGAIN_S = 60.0
"""By then a session that is stuck is killed."""


class Care:
    """`tend` is called again and again; what fails is tried again by the next call."""

    def __init__(
        self,
        shelf: Shelf,
        intake: Intake,
        database: Database,
        clock: Clock,
        *,
        streams: Streams,
        quiet_s: float,
    ) -> None:
        """Hand leftovers that were finished to the intake; a file is one after `quiet_s` without a change."""
        self.condition: Condition | None = None
        """What the folder was like when last looked at."""

        self.retention = RecordingRetention(shelf, database, clock)
        self._shelf = shelf
        self._root = str(shelf.library.root)
        self._database = database
        self._clock = clock
        self._streams = streams
        self._intake = intake
        self._leftovers = Leftovers(shelf.library, shelf.disk, clock, quiet_s=quiet_s)
        self._known = False
        self._purged: dict[str, float] = {}
        self._forgotten_s: dict[str, float] = {}
        self._tidied_at: float | None = None
        self._rebuilt_at = float("-inf")
        self._hurried_until_s = float("-inf")
        self._bounds: dict[str, Recording] = {}

    @property
    def is_ready(self) -> bool:
        """Whether the folder can be written, as far as is known."""
        return self.condition is not None and self.condition.state is FolderState.READY

    async def set_up(self) -> None:
        """Make the folder if it never was there. Raises UnavailableError."""
        self._note(await self._look())

    def look_for_leftovers(self) -> None:
        """A recorder died: what it left is to be finished soon, what it finished without telling to be taken in."""
        self._shelf.stale = True
        self._hurried_until_s = self._clock.monotonic() + HURRIED_S

    def purged(self, stream: str) -> None:
        """Remember a stream of which nothing may come back."""
        self._purged[stream] = self._clock.monotonic()

    async def tend(self) -> None:
        """Bring rows and files in line, finish what was cut off, remove what is due: one round of `run`.

        Raises UnavailableError.
        """
        condition = await self._look()
        self._shelf.stale = self._shelf.stale or self.condition is None or condition.state is not self.condition.state
        try:
            if condition.state in (FolderState.READY, FolderState.READ_ONLY):
                await self._tidy(writable=condition.state is FolderState.READY)
                condition = await self._look()
        except OSError as error:
            condition = _broken(error)
        self._note(condition)

    async def _look(self) -> Condition:
        """Look at the folder; it is made once, and never again where one has vanished. Raises UnavailableError."""
        try:
            condition = await self._shelf.disk.call(self._shelf.library.look)
            if condition.state is FolderState.MISSING and not await self._was_set_up():
                await self._shelf.disk.call(self._shelf.library.create)
                condition = await self._shelf.disk.call(self._shelf.library.look)
        except OSError as error:
            return _broken(error)
        if condition.state is FolderState.READY and not await self._was_set_up():
            async with self._database.write() as connection:
                await stored.note_root(connection, self._root, self._clock.now())
        return condition

    def _note(self, condition: Condition) -> None:
        if self.condition is None or condition.state is not self.condition.state:
            LOGGER.info("The recordings folder is %s %s", condition.state.value, condition.reason)
        self.condition = condition

    async def _tidy(self, *, writable: bool) -> None:
        now = self._clock.monotonic()
        bounds = {stream.id: stream.recording for stream in self._streams.all()}
        due = self._tidied_at is None or now - self._tidied_at >= TIDY_EVERY_S or bounds != self._bounds
        hurried = now < self._hurried_until_s
        unreadable = frozenset(self._shelf.library.unreadable)
        await self._purge_again()
        await self._forget_again(writable=writable)
        unfinished: Sequence[StoredFile] | None = None
        if self._shelf.stale or now - self._rebuilt_at >= REBUILD_EVERY_S:
            unfinished = await self._shelf.rebuild()
            self._rebuilt_at = now
        elif due or hurried:
            unfinished = await self._shelf.disk.call(self._shelf.library.parts)
        self._note_unreadable(unreadable)
        if not writable:
            return
        if self._tidied_at is None:
            await self._shelf.disk.call(self._shelf.library.remove_trials)
        try:
            if unfinished is not None:
                await self._leftovers.finish(
                    self._leftovers.abandoned(unfinished, HURRIED_QUIET_S if hurried else None), self._intake.take
                )
        finally:
            # Whatever became of those, the disk must not run full.
            if due:
                with suppress(TimeoutError):
                    async with asyncio.timeout(TAKEN_IN_S):
                        await self._intake.written()
                await self.retention.apply_bounds()
                self._tidied_at, self._bounds = now, bounds
            await self.retention.make_room(await self._shelf.disk.call(self._shelf.library.look))

    def _note_unreadable(self, before: frozenset[str]) -> None:
        now = self._shelf.library.unreadable
        for stream in now.keys() - before:
            LOGGER.warning("The recordings of %s cannot be read: %s", stream, now[stream])
        if before - now.keys():
            self._shelf.stale = True

    async def _purge_again(self) -> None:
        """A session that did not end in time may have written after its stream was purged."""
        for stream, since in tuple(self._purged.items()):
            if self._streams.find(stream) is None:
                with _others_going_on():
                    await self._shelf.remove_files_of(stream)
            if self._streams.find(stream) is not None or self._clock.monotonic() - since >= PURGE_AGAIN_S:
                del self._purged[stream]

    async def _forget_again(self, *, writable: bool) -> None:
        """What was forgotten while its disk was away is removed before it is seen; then nobody need remember it."""
        async with self._database.read() as connection:
            noted = await forgotten.load(connection)
        self._shelf.forgotten = tuple(noted.values())
        now = self._clock.monotonic()
        self._forgotten_s = {key: self._forgotten_s.get(key, now) for key in noted}
        if not writable:
            return
        done = []
        for key, span in noted.items():
            with _others_going_on():
                files = await self._shelf.disk.call(self._shelf.library.covered, span)
                await self._shelf.erase([file.path for file in files])
                if now - self._forgotten_s[key] >= PURGE_AGAIN_S:
                    done.append(key)
        if done:
            async with self._database.write() as connection:
                await forgotten.drop(connection, done)

    async def _was_set_up(self) -> bool:
        if not self._known:
            async with self._database.read() as connection:
                self._known = await stored.is_known_root(connection, self._root)
        return self._known


@contextmanager
def _others_going_on() -> Generator[None]:
    """What cannot be removed of one folder is tried again by the next round; raises what concerns the others too."""
    try:
        yield
    except OSError as error:
        if not concerns_one_folder(error):
            raise


def _broken(error: OSError) -> Condition:
    return Condition(FolderState.BROKEN, reason=os.strerror(error.errno or 0))
