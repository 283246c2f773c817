"""The PostgreSQL server behind `Database`: waited for, migrated, shared with other sidecars, vacuumed."""

import asyncio
from collections.abc import Awaitable, Callable
import logging
import os
from pathlib import Path
import secrets
from typing import Any, Self
import uuid

import asyncpg
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from . import move_progress
from .errors import DatabaseUnusableError
from .migrate import bring_up
from .postgres import (
    OLDEST,
    READ_S,
    STATEMENT_S,
    PostgresPlace,
    ServerAwayError,
    ServerRefusesError,
    connect,
    engine,
    lock_key,
    refusal,
    unavailable_reason,
)

READERS = 4
RETRY_S = 2.0
LET_END_S = 1.0
TAKEN_S = 10.0
"""A sidecar that was killed keeps its place until the server notices."""

ID_FILE = "server_id"
MIGRATING = "SELECT pg_advisory_xact_lock(1464487536, 2)"
VACUUM = "VACUUM segments, segments_fts, hits, events"

LOGGER = logging.getLogger(__name__)


class PostgresBackend:
    """A database that several sidecars may use, each under the id in its data folder."""

    fault: str | None = None
    reader_s: float | None = READ_S
    let_end_s: float | None = LET_END_S

    def __init__(self, place: PostgresPlace, server_id: str, *, as_sidecar: bool) -> None:
        """Connect when it is used; the sidecar's writer holds its place for as long as it is connected."""
        self.server_id = server_id
        self._url = place.url
        self._run = f"wallflower {secrets.token_hex(4)}"
        self._vacuuming: asyncio.Task[None] | None = None
        self._remnants = False
        self.writer = engine(self._hold_place if as_sidecar else self._connect("writer"), 1)
        self.readers = engine(
            self._connect("reader", READ_S), READERS, isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @classmethod
    async def open(cls, place: PostgresPlace, *, as_sidecar: bool) -> Self:
        """Bring the database to the newest schema; a sidecar waits for a server that is away.

        Raises DatabaseUnusableError, NewerSchemaError.
        """
        backend = cls(place, await asyncio.to_thread(_own_id, place.folder), as_sidecar=as_sidecar)
        try:
            await backend._prepare(patient=as_sidecar, needs_whole=True)
        except BaseException:
            await backend.close()
            raise
        return backend

    @classmethod
    async def open_for_move(cls, place: PostgresPlace) -> Self:
        """Open it in the place of the sidecar, also with a move that is unfinished; the server has to be there.

        Raises DatabaseUnusableError, NewerSchemaError.
        """
        backend = cls(place, await asyncio.to_thread(_own_id, place.folder), as_sidecar=True)
        try:
            await backend._prepare(patient=False, needs_whole=False)
        except BaseException:
            await backend.close()
            raise
        return backend

    def unavailable(self, error: BaseException) -> str | None:
        """Why the server cannot be used now."""
        return unavailable_reason(error)

    async def changes(self, connection: AsyncConnection) -> int:
        """Whether the transaction has changed anything: it has a number then."""
        changed = select(func.count(func.pg_current_xact_id_if_assigned()))
        return int((await connection.execute(changed)).scalar_one())

    async def note_deletion(self, connection: AsyncConnection) -> None:
        """Nothing to note: the server knows what it has to clean."""

    async def erase_remnants(self) -> None:
        """Have the server reuse the space of what was deleted, in the background."""
        self._remnants = True
        if self._vacuuming is None or self._vacuuming.done():
            self._vacuuming = asyncio.create_task(self._vacuum(), name="vacuum")

    async def close(self) -> None:
        """Leave the server."""
        if self._vacuuming is not None:
            self._vacuuming.cancel()
            await asyncio.wait([self._vacuuming])
        await self.readers.dispose()
        await self.writer.dispose()

    async def _prepare(self, *, patient: bool, needs_whole: bool) -> None:
        told = None
        while True:
            try:
                await self._migrate(needs_whole=needs_whole)
            except ServerAwayError as error:
                if not patient:
                    raise DatabaseUnusableError(f"The database cannot be used: {error}.") from None
                if str(error) != told:
                    LOGGER.warning("The database cannot be used: %s. Waiting for it", error)
                told = str(error)
                await asyncio.sleep(RETRY_S)
            except ServerRefusesError as error:
                raise DatabaseUnusableError(f"The database cannot be used: {error}.") from None
            else:
                return

    async def _migrate(self, *, needs_whole: bool) -> None:
        try:
            async with self.writer.begin() as connection:
                await _require_fit(connection)
                await connection.execute(text(MIGRATING))
                await connection.run_sync(bring_up, "of DATABASE_URL")
                if needs_whole and await move_progress.load(connection) is not None:
                    raise ServerRefusesError("the move to it is not finished. Run `wallflower migrate` again")
        except (DBAPIError, ConnectionError, TimeoutError) as error:
            if reason := unavailable_reason(error):
                raise ServerAwayError(reason) from None
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise ServerRefusesError(refusal(error) or str(cause)) from None

    def _connect(self, role: str, statement_s: float = STATEMENT_S) -> Callable[[], Awaitable[asyncpg.Connection[Any]]]:
        name = f"{self._run} {role}"
        return lambda: connect(self._url, server_id=self.server_id, name=name, statement_s=statement_s)

    async def _hold_place(self) -> asyncpg.Connection[Any]:
        """Connect as the one sidecar with this id; raises ServerAwayError, ServerRefusesError."""
        name = f"{self._run} sidecar"
        connection = await connect(self._url, server_id=self.server_id, name=name)
        try:
            async with asyncio.timeout(TAKEN_S):
                # What is left of a connection of this very process that broke off: the server may not know yet.
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = $1 AND pid <> pg_backend_pid()",
                    name,
                )
                await connection.execute("SELECT pg_advisory_lock($1)", lock_key(self.server_id))
        except TimeoutError:
            connection.terminate()
            raise ServerRefusesError(
                "another sidecar with the same server id uses it. Each needs a data folder of its own"
            ) from None
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            connection.terminate()
            raise ServerAwayError(unavailable_reason(error) or "its server does not answer") from None
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _vacuum(self) -> None:
        try:
            connection = await connect(self._url, server_id=self.server_id, name=f"{self._run} vacuum")
            try:
                # A run may be past the rows that are deleted meanwhile.
                while self._remnants:
                    self._remnants = False
                    await connection.execute(VACUUM, timeout=None)
            finally:
                connection.terminate()
        except (ServerAwayError, ServerRefusesError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            LOGGER.warning("The database could not be vacuumed: %s", type(error).__name__)


async def _require_fit(connection: AsyncConnection) -> None:
    version = int((await connection.execute(text("SHOW server_version_num"))).scalar_one()) // 10_000
    if version < OLDEST:
        raise ServerRefusesError(f"PostgreSQL {version} is too old; {OLDEST} or newer is needed")
    encoding = (await connection.execute(text("SHOW server_encoding"))).scalar_one()
    if encoding != "UTF8":
        raise ServerRefusesError(f"it keeps text as {encoding}. Make one with ENCODING 'UTF8'")


def _own_id(folder: Path) -> str:
    """The sidecar's id, made once: it belongs to the data folder. Raises DatabaseUnusableError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = read_own_id(folder)
        if found is None:
            found = str(uuid.uuid4())
            write_own_id(folder, found)
    except OSError as error:
        raise DatabaseUnusableError(
            f"The data folder {folder} cannot be written ({error.strerror}). Check its owner, or set DATA_DIR."
        ) from None
    return found


def read_own_id(folder: Path) -> str | None:
    """The id that the data folder has on PostgreSQL, None before the first. Raises DatabaseUnusableError, OSError."""
    path = folder / ID_FILE
    if not path.exists():
        return None
    try:
        return str(uuid.UUID(path.read_text().strip()))
    except ValueError:
        raise DatabaseUnusableError(
            f"{path} holds no server id. Put it back, or remove it to become a new server."
        ) from None


def write_own_id(folder: Path, server_id: str) -> None:
    """Give the data folder its id; raises OSError."""
    part = folder / f"{ID_FILE}.part"
    part.write_text(f"{server_id}\n")
    part.chmod(0o600)
    with part.open() as file:
        os.fsync(file)
    part.replace(folder / ID_FILE)
