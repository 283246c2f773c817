"""The database file: opened with its migrations done, one writer at a time, readers beside it, closed in good order."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
import logging
from pathlib import Path
import sqlite3
from typing import Any, Self, override

from sqlalchemy import CursorResult, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError, TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from ..domain.clock import Clock
from ..domain.errors import UnavailableError
from ..domain.health import Check, HealthStatus
from ..domain.transcripts import new_id
from .erasure import PENDING, RemnantsError, erase_remnants
from .integrity import QuickCheck
from .opening import Opened, prepare
from .schema import META
from .sqlite import is_damage, reading_engine, unavailable_reason, writing_engine

READERS = 4
CHECK_IN_FRONT_S = 1.0
"""After an unclean stop the check of the file holds up the start this long; then it goes on in the background."""

WRITE_WAIT_S = 30.0
ERASE_S = 10.0

LOGGER = logging.getLogger(__name__)


class Database:
    """One SQLite file in WAL mode; `write` and `erase` are the only ways to change it."""

    def __init__(self, opened: Opened, clock: Clock) -> None:
        """Use a file that `open` made ready."""
        self.path = opened.path
        self.server_id = opened.server_id
        self._marker = opened.marker
        self._fault = opened.fault
        self._clock = clock
        self._writer = writing_engine(self.path)
        self._readers = reading_engine(self.path, READERS)
        self._writing = asyncio.Lock()
        self._erasing = asyncio.Lock()
        self._remnants = False
        self._write_fault: str | None = None
        self._sound = True
        self._work: set[asyncio.Task[None]] = set()
        self._after_commit: list[Callable[[], None]] = []
        self._check: QuickCheck | None = None

    @classmethod
    async def open(cls, path: Path, *, clock: Clock, check_in_front_s: float = CHECK_IN_FRONT_S) -> Self:
        """Open or make the file, bring it to the newest schema; a damaged one is set aside, never deleted.

        Raises DatabaseUnusableError (the folder cannot be written …) and NewerSchemaError.
        """
        opened = await asyncio.to_thread(prepare, path, clock.now())
        if opened.needs_check:
            check = QuickCheck(path)
            checking = asyncio.create_task(asyncio.to_thread(check.run), name="database check")
            await asyncio.wait([checking], timeout=check_in_front_s)
            if not checking.done():
                database = cls(opened, clock)
                database._own(database._check_in_background(check, checking))
                return database
            if not checking.result():
                opened.marker.note_damage()
                opened.marker.release(clean=False)
                opened = await asyncio.to_thread(prepare, path, clock.now())
        return cls(opened, clock)

    async def close(self) -> None:
        """Finish what is being written or erased, fold the write-ahead log into the file, note a clean stop."""
        if self._check is not None:
            self._check.stop()
        await asyncio.gather(*self._work, return_exceptions=True)
        async with self._writing:
            await self._readers.dispose()
            await self._writer.dispose()
            self._marker.release(clean=self._sound)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """Hold the one writer in a transaction; committed on leaving, rolled back on an exception.

        Raises UnavailableError when the file cannot be written (a full disk).
        """
        await self._take_turn()
        try:
            self._after_commit = []
            with self._translated():
                async with _SteadyConnection(self._writer) as connection:
                    transaction = await connection.begin()
                    try:
                        yield connection
                    except BaseException:
                        await transaction.rollback()
                        raise
                    # A cancellation must not leave it open whether the commit happened and was told.
                    committing = asyncio.ensure_future(self._commit(transaction))
                    try:
                        await asyncio.shield(committing)
                    except asyncio.CancelledError:
                        await asyncio.wait([committing])
                        raise
        finally:
            self._writing.release()

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Within `write` or `erase`: call this once it is committed, before anybody else may write."""
        self._after_commit.append(callback)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """Hold a reader that sees one state of the database; keep it short. Raises UnavailableError."""
        with self._translated():
            async with _SteadyConnection(self._readers) as connection, connection.begin():
                yield connection

    @asynccontextmanager
    async def erase(self) -> AsyncGenerator[AsyncConnection]:
        """Like `write`, for deleting: what is deleted within is in no file of the data folder on return.

        Others may write again as soon as the deletion is committed. Raises UnavailableError when the deletion is
        committed but a reader held the file for over 10 s; the next erasure or start takes the rest away.
        """
        async with self.write() as connection:
            before = await _changes(connection)
            yield connection
            if await _changes(connection) != before:
                self._remnants = True
                note = insert(META).values(key=PENDING, value=new_id())
                await connection.execute(note.on_conflict_do_update(index_elements=["key"], set_=dict(note.excluded)))
        if self._remnants:
            await asyncio.shield(self._own(self._erase_remnants()))

    def check(self) -> Check:
        """Return the database's condition."""
        fault = self._write_fault or self._fault
        if fault is not None:
            return Check("database", HealthStatus.DEGRADED, fault)
        return Check("database", HealthStatus.OK, "The database is well.")

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(WRITE_WAIT_S):
                await self._writing.acquire()
        except TimeoutError:
            raise UnavailableError("The database is busy. Try again later.") from None

    async def _commit(self, transaction: AsyncTransaction) -> None:
        await transaction.commit()
        self._write_fault = None
        callbacks, self._after_commit = self._after_commit, []
        for callback in callbacks:
            callback()

    async def _erase_remnants(self) -> None:
        async with self._erasing:
            try:
                await asyncio.to_thread(erase_remnants, self.path, deadline_s=ERASE_S)
            except (RemnantsError, sqlite3.Error) as error:
                LOGGER.warning("Remnants of deleted text could not be erased yet: %s", type(error).__name__)
                raise UnavailableError(
                    "The text is deleted, but the database's files could not be cleaned of it yet. Try again."
                ) from None
            self._remnants = False

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
            self._fault = "The database is damaged. The next start sets it aside and begins a new one."
            LOGGER.error("The database is damaged; the next start sets it aside")

    @contextmanager
    def _translated(self) -> Generator[None]:
        """Turn what makes the database unusable into a sentence; a caller's own mistakes pass."""
        try:
            yield
        except PoolTimeoutError:
            raise UnavailableError("The database is busy. Try again later.") from None
        except DBAPIError as error:
            reason = unavailable_reason(error)
            if reason is None:
                raise
            if is_damage(error):
                self._sound = False
            self._write_fault = f"The database cannot be used: {reason}."
            LOGGER.warning("The database cannot be used: %s", reason)
            raise UnavailableError(self._write_fault) from error

    def _own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has it too; without a waiter it was logged


async def _changes(connection: AsyncConnection) -> int:
    """How many rows this connection has changed so far."""
    return int((await connection.execute(select(func.total_changes()))).scalar_one())


class _SteadyConnection(AsyncConnection):
    """Lets a statement that was begun end before it is cancelled.

    SQLAlchemy drops a connection that is cancelled within one; an unfinished INSERT … RETURNING or SELECT would then
    hold its lock until Python's garbage collector finds its cursor.
    """

    @override
    async def execute(self, *arguments: Any, **options: Any) -> CursorResult[Any]:
        executing = asyncio.ensure_future(super().execute(*arguments, **options))
        try:
            return await asyncio.shield(executing)
        except asyncio.CancelledError:
            await asyncio.wait([executing])
            raise
