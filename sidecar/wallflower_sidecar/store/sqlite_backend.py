"""The SQLite file behind `Database`: checked after an unclean stop, freed of what was deleted, folded at the end."""

import asyncio
import logging
from pathlib import Path
import sqlite3
from typing import Self

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.clock import Clock
from ..domain.errors import UnavailableError
from ..domain.transcripts import new_id
from .erasure import PENDING, RemnantsError, erase_remnants
from .integrity import QuickCheck
from .opening import Opened, prepare
from .schema import META
from .sqlite import is_damage, reading_engine, unavailable_reason, writing_engine
from .upsert import put

READERS = 4
ERASE_S = 10.0

LOGGER = logging.getLogger(__name__)


class SqliteBackend:
    """One file in WAL mode, that one sidecar has for itself."""

    reader_s: float | None = None
    let_end_s: float | None = None

    def __init__(self, opened: Opened) -> None:
        """Use a file that `prepare` made ready."""
        self.server_id = opened.server_id
        self.path = opened.path
        self.fault = opened.fault
        self.writer = writing_engine(self.path)
        self.readers = reading_engine(self.path, READERS)
        self._marker = opened.marker
        self._erasing = asyncio.Lock()
        self._remnants = False
        self._sound = True
        self._check: QuickCheck | None = None
        self._checking: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, path: Path, clock: Clock, check_in_front_s: float) -> Self:
        """Make the file ready; its check holds this up for so long, then it goes on in the background.

        Raises DatabaseUnusableError, NewerSchemaError.
        """
        opened = await asyncio.to_thread(prepare, path, clock.now())
        if opened.needs_check:
            check = QuickCheck(path)
            checking = asyncio.create_task(asyncio.to_thread(check.run), name="database check")
            await asyncio.wait([checking], timeout=check_in_front_s)
            if not checking.done():
                backend = cls(opened)
                backend._checking = asyncio.create_task(backend._check_in_background(check, checking))
                return backend
            if not checking.result():
                opened.marker.note_damage()
                opened.marker.release(clean=False)
                opened = await asyncio.to_thread(prepare, path, clock.now())
        return cls(opened)

    def unavailable(self, error: BaseException) -> str | None:
        """Why the file cannot be used now."""
        if is_damage(error):
            self._sound = False
        return unavailable_reason(error)

    async def changes(self, connection: AsyncConnection) -> int:
        """How many rows this connection has changed so far."""
        return int((await connection.execute(select(func.total_changes()))).scalar_one())

    async def note_deletion(self, connection: AsyncConnection) -> None:
        """Note it in the file too, for the next start."""
        self._remnants = True
        await put(connection, META, {"key": PENDING, "value": new_id()})

    async def erase_remnants(self) -> None:
        """Take what was deleted out of every file; others may write meanwhile."""
        if not self._remnants:
            return
        async with self._erasing:
            try:
                await asyncio.to_thread(erase_remnants, self.path, deadline_s=ERASE_S)
            except (RemnantsError, sqlite3.Error) as error:
                LOGGER.warning("Remnants of deleted text could not be erased yet: %s", type(error).__name__)
                raise UnavailableError(
                    "The text is deleted, but the database's files could not be cleaned of it yet. Try again."
                ) from None
            self._remnants = False

    async def close(self) -> None:
        """Fold the write-ahead log into the file, note a clean stop."""
        if self._check is not None:
            self._check.stop()
        if self._checking is not None:
            await self._checking
        await self.readers.dispose()
        await self.writer.dispose()
        self._marker.release(clean=self._sound)

    async def _check_in_background(self, check: QuickCheck, checking: asyncio.Task[bool]) -> None:
        self._check = check
        try:
            sound = await checking
        except sqlite3.Error as error:
            LOGGER.warning("The check of the database did not finish: %s", error.sqlite_errorname)
            self._sound = False
            return
        finally:
            self._check = None
        if not sound:
            self._sound = False
            self._marker.note_damage()
            self.fault = "The database is damaged. The next start sets it aside and begins a new one."
            LOGGER.error("The database is damaged; the next start sets it aside")
