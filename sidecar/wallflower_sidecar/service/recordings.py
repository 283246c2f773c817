"""Recordings: what capture finished is taken in, found again, played, kept as long as its stream says, and deleted."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
import logging
import os
from pathlib import Path, PurePosixPath

from ..domain.clock import Clock
from ..domain.errors import NotFoundError, UnavailableError
from ..domain.health import Check
from ..domain.keywords import Hit
from ..domain.recordings import ForgottenSpan, RecordingItem, RecordingName, SavedFile
from ..domain.transcripts import new_id
from ..recordings.disk_threads import DiskThreads
from ..recordings.leftovers import QUIET_S
from ..recordings.library import Library
from ..store import Database, forgotten, recordings as stored
from ..store.paging import Page
from ..store.recordings import Located
from .events import EventLog
from .recording_care import Care
from .recording_check import recordings_check
from .recording_intake import Intake
from .recording_shelf import Shelf, located
from .streams import Streams

LOGGER = logging.getLogger(__name__)

LOOK_EVERY_S = 10.0
FINISHED_WITHIN_S = 5.0
"""A recorder that was told to end its file has done so by then."""

PREPARE_S = 5.0
"""A disk that hangs holds up the start no longer."""


class Recordings:
    """The library of recordings; `run` keeps files, rows and bounds together."""

    def __init__(
        self,
        root: Path,
        database: Database,
        events: EventLog,
        *,
        streams: Streams,
        keep: Callable[[str, datetime, datetime], None],
        clock: Clock,
        quiet_s: float = QUIET_S,
    ) -> None:
        """Work below `root`; `keep` has capture keep a stream's packets from one time to another."""
        self.library = Library(root)
        self._disk = DiskThreads()
        self._shelf = Shelf(self.library, self._disk, database)
        self._intake = Intake(self._shelf, events, clock, is_configured=lambda stream: streams.find(stream) is not None)
        self.care = Care(self._shelf, self._intake, database, clock, streams=streams, quiet_s=quiet_s)
        self._database = database
        self._streams = streams
        self._keep = keep
        self._clock = clock

    @property
    def root(self) -> Path:
        """Where capture writes."""
        return self.library.root

    def saved(self, stream: str, file: SavedFile) -> None:  # noqa: ARG002 - the file says it too
        """Take in a file that capture finished; returns at once."""
        self._intake.take(file)

    def hits_found(self, hits: Sequence[Hit]) -> None:
        """Have capture keep what surrounds hits; it does so for streams that are recorded on keywords."""
        for hit in hits:
            stream = self._streams.find(hit.stream)
            if stream is not None:
                before, after = (timedelta(seconds=each) for each in (stream.recording.pre_s, stream.recording.post_s))
                self._keep(stream.id, hit.start - before, hit.end + after)

    async def prepare(self) -> None:
        """Make the folder if it never was there; call it before anything is recorded. What fails is tried again."""
        try:
            async with asyncio.timeout(PREPARE_S):
                await self.care.set_up()
        except (UnavailableError, TimeoutError) as error:
            LOGGER.warning("The recordings folder cannot be set up yet: %s", error or "its disk does not answer")

    async def run(self) -> None:
        """Keep the library in order until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._intake.run(), name="recordings intake")
            while True:
                try:
                    await self.care.tend()
                except UnavailableError as error:
                    LOGGER.warning("The recordings have to wait: %s", error)
                await asyncio.sleep(LOOK_EVERY_S)

    async def finish(self) -> None:
        """Write what capture finished last; `run` must still run."""
        await self._intake.finish()

    def check(self) -> Check:
        """Return the library's condition."""
        return recordings_check(
            self.root,
            self.care.condition,
            self._streams.all(),
            exhausted=self.care.retention.exhausted,
            stuck=len(self.care.retention.stuck),
            unreadable=self.library.unreadable,
        )

    async def list(
        self,
        *,
        stream: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[RecordingItem]:
        """List recordings that overlap [start, end), newest first.

        Raises NotFoundError for a stream that neither is configured nor has recordings, FieldError for a bad cursor.
        """
        async with self._database.read() as connection:
            if stream is not None and not await stored.has_stream(connection, stream):
                raise NotFoundError("There is no stream with this id.")
            return await stored.newest_first(
                connection, stream=stream, start=start, end=end, limit=limit, cursor=cursor
            )

    async def get(self, recording_id: str) -> RecordingItem:
        """Return a recording; raises NotFoundError."""
        return (await self._find(recording_id)).item

    async def path_of(self, recording_id: str) -> Path:
        """Return where a recording's file is; raises NotFoundError, UnavailableError while the disk is not there."""
        path = self.library.locate((await self._find(recording_id)).path)
        try:
            if await self._disk.call(path.is_file):
                return path
            self._shelf.stale = True
            await self._disk.call(self.library.require)
        except OSError as error:
            raise _unusable(error) from None
        raise NotFoundError("The file of this recording is gone.")

    async def delete(self, recording_id: str) -> None:
        """Remove a recording's file and row; raises NotFoundError, UnavailableError."""
        found = await self._find(recording_id)
        self._intake.drop(lambda waiting: waiting.path == found.path)
        try:
            await self._shelf.erase([found.path])
        except OSError as error:
            raise _unusable(error) from None

    async def purge(self, stream: str) -> None:
        """Remove all files of a stream whose sessions have ended; its rows are deleted by who asked for this.

        Raises UnavailableError.
        """
        self._intake.drop(lambda waiting: waiting.item.stream == stream)
        if not self.care.is_ready and not await self._has_recordings(stream):
            return
        self.care.purged(stream)
        try:
            await self._shelf.remove_files_of(stream)
        except OSError as error:
            raise _unusable(error) from None

    async def forget(self, span: ForgottenSpan) -> int:
        """Remove every file that holds anything of a time, also those that are away now; returns how many.

        Files of it must not be written any more. Raises UnavailableError while the disk is away: then they go once it
        is back.
        """
        async with self._database.write() as connection:
            await forgotten.note(connection, span)
        self._shelf.forgotten = (*self._shelf.forgotten, span)
        self._intake.drop(lambda waiting: self._is_of(span, waiting))
        if not self.care.is_ready and not await self._has_recordings(span.stream):
            return 0
        try:
            return await self._remove(span)
        except OSError as error:
            raise UnavailableError(
                f"The text is forgotten. Its recordings go once their disk can be used: {_unusable(error)}"
            ) from None

    async def begin_clip(self, stream: str, start: datetime) -> tuple[RecordingName, Path]:
        """Return the name of a clip that is to be kept, and the file to cut it into; raises UnavailableError.

        `add_clip` keeps it; whoever does not get there removes the file.
        """
        name = RecordingName(stream, start, clip=new_id())
        try:
            return name, await self._disk.call(self.library.begin, name)
        except OSError as error:
            raise _unusable(error) from None

    async def add_clip(self, name: RecordingName, end: datetime) -> RecordingItem:
        """Keep a clip that was cut, with its event; raises UnavailableError."""
        try:
            saved = await self._disk.call(self.library.finish, name, end)
        except OSError as error:
            raise _unusable(error) from None
        clip = located(name.finished(end), saved.bytes)
        await self._intake.add(clip)
        return clip.item

    async def _remove(self, span: ForgottenSpan) -> int:
        """Wait a moment for the files that are being finished; one whose recorder hangs is removed under its hands."""
        patient_until_s = self._clock.monotonic() + FINISHED_WITHIN_S
        count = 0
        while files := await self._disk.call(self.library.covered, span):
            patient = self._clock.monotonic() < patient_until_s
            due = [file.path for file in files if file.name.end is not None or not patient]
            await self._shelf.erase(due)
            count += len(due)
            if len(due) < len(files):
                await asyncio.sleep(FINISHED_WITHIN_S / 50)
        return count

    def _is_of(self, span: ForgottenSpan, recording: Located) -> bool:
        name = RecordingName.parse(PurePosixPath(recording.path))
        return name is not None and span.covers(name)

    async def _has_recordings(self, stream: str | None) -> bool:
        async with self._database.read() as connection:
            used = await stored.used_bytes(connection)
        return bool(used) if stream is None else bool(used.get(stream))

    async def _find(self, recording_id: str) -> Located:
        async with self._database.read() as connection:
            found = await stored.get(connection, recording_id)
        if found is None:
            raise NotFoundError("There is no recording with this id.")
        return found


def _unusable(error: OSError) -> UnavailableError:
    if isinstance(error, FileNotFoundError):
        return UnavailableError("The recordings folder is not there. Check that its disk is plugged in and mounted.")
    if isinstance(error, TimeoutError):
        return UnavailableError("The disk of the recordings folder does not answer. Check it, or its network share.")
    return UnavailableError(f"The recordings folder cannot be used ({os.strerror(error.errno or 0)}).")
