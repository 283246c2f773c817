"""The files of the recordings folder and their rows: changed together, and brought in line again when they are not."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import batched
import logging

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.recordings import ForgottenSpan, RecordingItem, RecordingName
from ..recordings.disk_threads import DiskThreads
from ..recordings.library import Library, Removal, StoredFile
from ..store import Database, recordings as stored
from ..store.recordings import Located

LOGGER = logging.getLogger(__name__)

AT_ONCE = 100
"""Files removed before the disk must have answered."""

PROGRESS_EVERY = 10_000
"""Files between two lines of the log."""


class Shelf:
    """A file goes before its row: what is on disk decides, and a row without a file is forgotten at the next look."""

    def __init__(self, library: Library, disk: DiskThreads, database: Database) -> None:
        """Work on a folder, reached through `disk`, and an open database."""
        self.library = library
        self.disk = disk
        self.stale = True
        """Whether rows and files may differ, so that `rebuild` is due."""

        self.forgotten: tuple[ForgottenSpan, ...] = ()
        """What must not be seen again, wherever it comes back from."""

        self._database = database
        self._changing = asyncio.Lock()

    def is_forgotten(self, name: RecordingName) -> bool:
        """Whether a file is of a time that is forgotten."""
        return any(span.covers(name) for span in self.forgotten)

    async def remove(self, paths: Sequence[str]) -> list[str]:
        """Remove files with their rows; returns those that are gone. Raises OSError, UnavailableError."""
        return (await self._remove(paths, self._database.write)).gone

    async def erase(self, paths: Sequence[str]) -> None:
        """Like `remove`, and on return no file of the database holds the rows; raises OSError if any file is left."""
        removal = await self._remove(paths, self._database.erase)
        if removal.fault is not None:
            raise removal.fault

    async def remove_files_of(self, stream: str) -> None:
        """Remove all files of a stream, not its rows. Raises OSError if any is left."""
        async with self._changing:
            paths = await self.disk.call(self.library.paths_of, stream)
            self.stale = self.stale or bool(paths)  # until the rows are gone too
            removal = await self._remove_files(paths)
        if removal.gone:
            LOGGER.info("Removed %d recordings of a stream", len(removal.gone))
        if removal.fault is not None:
            raise removal.fault

    async def rebuild(self) -> list[StoredFile]:
        """Forget rows without files, take in files without rows; returns the unfinished files.

        Raises OSError when the folder cannot be read or is not there, UnavailableError.
        """
        self.stale = False
        try:
            return await self._rebuild_all()
        except BaseException:
            self.stale = True
            raise

    async def _rebuild_all(self) -> list[StoredFile]:
        on_disk = await self.disk.call(self.library.folders)
        async with self._database.read() as connection:
            known = await stored.folders(connection)
        unfinished: list[StoredFile] = []
        files = new = lost = told = 0
        for folder in sorted({*on_disk, *known}):
            with self.library.passing_over(folder):
                async with self._changing:
                    found, some_new, some_lost = await self._rebuild(folder)
                unfinished += [file for file in found if file.name.end is None]
                files, new, lost = files + len(found), new + some_new, lost + some_lost
            if files // PROGRESS_EVERY > told:
                told = files // PROGRESS_EVERY
                LOGGER.info("Looked at %d recordings so far", files)
        LOGGER.info("%d recordings on disk; %d were taken in, %d are gone", files - len(unfinished), new, lost)
        return unfinished

    async def _rebuild(self, folder: str) -> tuple[list[StoredFile], int, int]:
        # In this order: a file finished meanwhile is only found twice, and no row is taken for lost.
        async with self._database.read() as connection:
            known = await stored.paths_in(connection, folder)
        found = await self.disk.call(self.library.files, folder)
        finished = {file.path: file for file in found if file.name.end is not None}
        lost = known - finished.keys()
        unknown = [finished[path] for path in finished.keys() - known]
        new = [located(file.name, file.bytes) for file in unknown if not self.is_forgotten(file.name)]
        if lost or new:
            async with self._database.write() as connection:
                await stored.forget(connection, lost)
                await stored.insert_new(connection, new)
        return found, len(new), len(lost)

    async def _remove(
        self, paths: Sequence[str], transaction: Callable[[], AbstractAsyncContextManager[AsyncConnection]]
    ) -> Removal:
        async with self._changing:
            try:
                removal = await self._remove_files(paths)
                async with transaction() as connection:
                    await stored.forget(connection, removal.gone)
            except BaseException:
                self.stale = True
                raise
        return removal

    async def _remove_files(self, paths: Sequence[str]) -> Removal:
        """Some at a time: for each of them the disk has to answer in time."""
        gone: list[str] = []
        fault: OSError | None = None
        for some in batched(paths, AT_ONCE, strict=False):
            removal = await self.disk.call(self.library.remove, some)
            gone += removal.gone
            fault = removal.fault or fault
        return Removal(gone, fault)


def located(name: RecordingName, size: int) -> Located:
    """The row of a finished file."""
    if name.end is None:
        raise ValueError("an unfinished file")
    return Located(RecordingItem(name.id, name.stream, name.start, name.end, size, name.kind), str(name.path))
