"""The database: opened with its migrations done, one writer at a time, readers beside it, closed in good order."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
import logging
from pathlib import Path
from typing import Any, Self, override

from sqlalchemy import CursorResult
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncTransaction

from ..domain.clock import Clock
from ..domain.errors import UnavailableError
from ..domain.health import Check, HealthStatus
from .backend import Backend
from .postgres import PostgresPlace
from .postgres_backend import PostgresBackend
from .sqlite_backend import SqliteBackend

CHECK_IN_FRONT_S = 1.0
"""After an unclean stop the check of a file holds up the start this long; then it goes on in the background."""

WRITE_WAIT_S = 30.0
SLOW_S = 10.0
"""A write that takes longer is no mere delay: its disk or its server does not answer."""


LOGGER = logging.getLogger(__name__)


class Database:
    """An SQLite file or a PostgreSQL server; `write` and `erase` are the only ways to change it."""

    def __init__(self, backend: Backend, clock: Clock) -> None:
        """Use a database that `open` made ready."""
        self.server_id = backend.server_id
        self._backend = backend
        self._clock = clock
        self._writing = asyncio.Lock()
        self._writing_since_s: float | None = None
        self._write_fault: str | None = None
        self._work: set[asyncio.Task[None]] = set()
        self._after_commit: list[Callable[[], None]] = []

    @classmethod
    async def open(
        cls,
        place: Path | PostgresPlace,
        *,
        clock: Clock,
        check_in_front_s: float = CHECK_IN_FRONT_S,
        as_sidecar: bool = False,
    ) -> Self:
        """Open or make it, bring it to the newest schema; a damaged file is set aside, never deleted.

        A sidecar waits for a server that is not there yet, and is the only one with its id.
        Raises DatabaseUnusableError (the folder cannot be written …) and NewerSchemaError.
        """
        if isinstance(place, Path):
            return cls(await SqliteBackend.open(place, clock, check_in_front_s), clock)
        return cls(await PostgresBackend.open(place, as_sidecar=as_sidecar), clock)

    async def close(self) -> None:
        """Finish what is being written or erased, then close it."""
        await asyncio.gather(*self._work, return_exceptions=True)
        async with self._writing:
            await self._backend.close()

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """Hold the one writer in a transaction; committed on leaving, rolled back on an exception.

        Raises UnavailableError when it cannot be written (a full disk, a server that is away).
        """
        await self._take_turn()
        try:
            self._after_commit = []
            self._writing_since_s = self._clock.monotonic()
            with self._translated():
                async with self._connection(self._backend.writer) as connection:
                    transaction = await connection.begin()
                    try:
                        yield connection
                    except BaseException:
                        await transaction.rollback()
                        raise
                    # A cancellation must not leave it open whether the commit happened and was told.
                    committing = asyncio.ensure_future(self._commit(transaction))
                    await _let_end(committing, self._backend.let_end_s)
        finally:
            self._writing_since_s = None
            self._writing.release()

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Within `write` or `erase`: call this once it is committed, before anybody else may write."""
        self._after_commit.append(callback)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """Hold a reader that sees one state of the database; keep it short. Raises UnavailableError."""
        with self._translated():
            async with AsyncExitStack() as held:
                async with asyncio.timeout(self._backend.reader_s):
                    connection = await held.enter_async_context(self._connection(self._backend.readers))
                    await held.enter_async_context(connection.begin())
                yield connection

    @asynccontextmanager
    async def erase(self) -> AsyncGenerator[AsyncConnection]:
        """Like `write`, for deleting: what is deleted within is in no file of the data folder on return.

        Others may write again as soon as the deletion is committed. Raises UnavailableError when the deletion is
        committed but a reader held the file for over 10 s; the next erasure or start takes the rest away.
        """
        async with self.write() as connection:
            before = await self._backend.changes(connection)
            yield connection
            if await self._backend.changes(connection) != before:
                await self._backend.note_deletion(connection)
        await asyncio.shield(self._own(self._backend.erase_remnants()))

    @property
    def write_failed(self) -> bool:
        """Whether it could not be used and nothing was committed since."""
        return self._write_fault is not None

    def check(self) -> Check:
        """Return the database's condition."""
        fault = self._write_fault or self._backend.fault or self._slowness()
        if fault is not None:
            return Check("database", HealthStatus.DEGRADED, fault)
        return Check("database", HealthStatus.OK, "The database is well.")

    def _slowness(self) -> str | None:
        since_s = self._writing_since_s
        taken_s = 0.0 if since_s is None else self._clock.monotonic() - since_s
        return f"The database does not answer; a write has taken {taken_s:.0f} s so far." if taken_s > SLOW_S else None

    def _connection(self, engine: AsyncEngine) -> AsyncConnection:
        return _SteadyConnection(engine, self._backend.let_end_s)

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(WRITE_WAIT_S):
                await self._writing.acquire()
        except TimeoutError:
            raise UnavailableError("The database is busy. Try again later.") from None

    async def _commit(self, transaction: AsyncTransaction) -> None:
        await transaction.commit()
        if self._write_fault is not None:
            LOGGER.info("The database can be used again")
        self._write_fault = None
        callbacks, self._after_commit = self._after_commit, []
        for callback in callbacks:
            callback()

    @contextmanager
    def _translated(self) -> Generator[None]:
        """Turn what makes the database unusable into a sentence; a caller's own mistakes pass."""
        try:
            yield
        except PoolTimeoutError:
            raise UnavailableError("The database is busy. Try again later.") from None
        except Exception as error:
            reason = self._backend.unavailable(error)
            if reason is None:
                raise
            fault = f"The database cannot be used: {reason}."
            if fault != self._write_fault:
                LOGGER.warning("The database cannot be used: %s", reason)
            self._write_fault = fault
            raise UnavailableError(fault) from error

    def _own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has it too; without a waiter it was logged


class _SteadyConnection(AsyncConnection):
    """Lets a statement that was begun end before it is cancelled.

    SQLAlchemy drops a connection that is cancelled within one; in SQLite an unfinished INSERT … RETURNING or SELECT
    would then hold its lock until Python's garbage collector finds its cursor.
    """

    def __init__(self, engine: AsyncEngine, let_end_s: float | None) -> None:
        """Connect when it is entered; `let_end_s` is how long a statement may take to end, None for ever."""
        super().__init__(engine)
        self._let_end_s = let_end_s

    @override
    async def execute(self, *arguments: Any, **options: Any) -> CursorResult[Any]:
        return await _let_end(asyncio.ensure_future(super().execute(*arguments, **options)), self._let_end_s)


async def _let_end[T](begun: asyncio.Future[T], let_end_s: float | None) -> T:
    """Wait for what was begun; when cancelled, let it end by itself before that goes on, unless it takes too long."""
    try:
        return await asyncio.shield(begun)
    except asyncio.CancelledError:
        await asyncio.wait([begun], timeout=let_end_s)
        if not begun.done():
            begun.cancel()
            await asyncio.wait([begun], timeout=let_end_s)
        raise
