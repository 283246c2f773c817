"""Moves the data folder's file to a PostgreSQL server: in small transactions, resumable, counted at the end."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Table,
    column,
    delete,
    func,
    insert,
    literal_column,
    select,
    table as named,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from . import move_progress
from .columns import mine
from .errors import DatabaseUnusableError, MoveError, NewerSchemaError
from .full_text import full_text
from .move_progress import CLEARING, KEY, Progress
from .move_source import Source, open_source
from .postgres import PostgresPlace, ServerAwayError, ServerRefusesError, refusal, unavailable_reason
from .postgres_backend import ID_FILE, PostgresBackend, read_own_id, write_own_id
from .schema import META, METADATA, SEGMENTS

AT_ONCE = 1_000
"""Rows in a transaction: other sidecars of the server wait for the end of one that holds text."""

CLEARED_AT_ONCE = 10_000
TABLES = METADATA.sorted_tables
"""What a row refers to comes before it."""

_ALREADY_THERE = "23505"
_INDEX = named("segments_fts", column("seq", Integer))
_PLACE: ColumnElement[str] = literal_column("ctid")
"""Where a row lies in its table."""

type Tell = Callable[[int, int], None]
"""Told how many rows are moved, and of how many."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How many rows each table has, in the file and on the server alike; and whether an interrupted move went on."""

    counts: Mapping[str, int]
    resumed: bool


async def move(path: Path, place: PostgresPlace, tell: Tell) -> Moved:
    """Copy everything of the file to the server, under the file's server id, which the data folder keeps from now on.

    Raises MoveError, NewerSchemaError, OSError; what is moved by then is not moved again.
    """
    with open_source(path) as source:
        _give_id(place.folder, source.server_id)
        backend = await _opened(place)
        try:
            return await _Move(source, backend, tell).run()
        except (DBAPIError, ServerAwayError, ServerRefusesError, ConnectionError, TimeoutError) as error:
            raise MoveError(_why(error)) from None
        finally:
            await backend.close()


class _Move:
    def __init__(self, source: Source, backend: PostgresBackend, tell: Tell) -> None:
        self._source = source
        self._backend = backend
        self._tell = tell

    async def run(self) -> Moved:
        counts = {table.name: await asyncio.to_thread(self._source.count, table) for table in TABLES}
        progress = await self._begin()
        resumed = bool(progress.last)
        done, total = 0, sum(counts.values())
        for table in TABLES:
            done += await asyncio.to_thread(self._source.count, table, up_to=progress.of(table.name))
            self._tell(done, total)
            while batch := await asyncio.to_thread(self._source.rows, table, progress.of(table.name), AT_ONCE):
                progress = progress.at(table.name, batch.last)
                async with self._backend.writer.begin() as connection:
                    await connection.execute(insert(table), batch.rows)
                    if table is SEGMENTS:
                        await full_text(connection).add(connection, batch.rows)
                    await move_progress.save(connection, progress)
                done += len(batch.rows)
                self._tell(done, total)
        await self._finish(counts)
        return Moved(counts, resumed)

    async def _begin(self) -> Progress:
        """Where to go on; what was moved of a file that has changed since is taken away first."""
        begun = Progress(self._source.state)
        async with self._backend.writer.begin() as connection:
            found = await move_progress.load(connection)
            if found is None:
                await _require_free(connection)
                await move_progress.save(connection, begun)
                return begun
            if found.state == begun.state:
                return found
            await move_progress.save(connection, Progress(CLEARING))
        await self._clear()
        async with self._backend.writer.begin() as connection:
            await move_progress.save(connection, begun)
        return begun

    async def _clear(self) -> None:
        for table in reversed(TABLES):
            while await self._cleared(table) == CLEARED_AT_ONCE:
                pass

    async def _cleared(self, table: Table) -> int:
        of_move = table.alias()
        some = select(_PLACE).select_from(of_move).where(*_own(table, of_move)).limit(CLEARED_AT_ONCE)
        async with self._backend.writer.begin() as connection:
            gone = await connection.execute(delete(table).where(_PLACE.in_(some)))
        return gone.rowcount

    async def _finish(self, counts: Mapping[str, int]) -> None:
        """Count on the server; the move is done in the same transaction."""
        async with self._backend.writer.begin() as connection:
            for table in TABLES:
                found = await _count(connection, table)
                if found != counts[table.name]:
                    raise MoveError(
                        f"The table {table.name} has {counts[table.name]} rows in the file, and {found} on the server."
                    )
            if await _count_indexed(connection) != counts[SEGMENTS.name]:
                raise MoveError("The full-text index on the server does not hold every sentence.")
            await move_progress.drop(connection)
            await connection.execute(text("ANALYZE segments, segments_fts, hits, events"))


async def _opened(place: PostgresPlace) -> PostgresBackend:
    try:
        return await PostgresBackend.open_for_move(place)
    except (DatabaseUnusableError, NewerSchemaError) as error:
        raise MoveError(str(error).replace("DATABASE_URL", "--to")) from None


def _give_id(folder: Path, server_id: str) -> None:
    """Let the data folder be the server on PostgreSQL that it was with its file; raises MoveError, OSError."""
    found = read_own_id(folder)
    if found is None:
        write_own_id(folder, server_id)
    elif found != server_id:
        raise MoveError(
            f"{folder / ID_FILE} names another server: this data folder has been used with PostgreSQL before."
            " Remove that file to become the server of the data folder's own database there, then move."
        )


async def _require_free(connection: AsyncConnection) -> None:
    for table in TABLES:
        if await _count(connection, table):
            raise MoveError(
                "The database holds a server with this one's id already: it was moved there before, or a copy of this"
                " data folder uses it. Nothing was changed."
            )


async def _count(connection: AsyncConnection, table: Table) -> int:
    rows = select(func.count()).select_from(table).where(*_own(table))
    return (await connection.execute(rows)).scalar_one()


async def _count_indexed(connection: AsyncConnection) -> int:
    both = _INDEX.join(SEGMENTS, _INDEX.c.seq == SEGMENTS.c.seq)
    rows = select(func.count()).select_from(both).where(mine(SEGMENTS))
    return (await connection.execute(rows)).scalar_one()


def _own(table: Table, rows: FromClause | None = None) -> list[ColumnElement[bool]]:
    """What is this server's in a table, or in an alias of it; how far the move is does not count."""
    rows = table if rows is None else rows
    return [mine(rows), rows.c.key != KEY] if table is META else [mine(rows)]


def _why(error: BaseException) -> str:
    if (reason := unavailable_reason(error) or refusal(error)) is not None:
        return f"The move was interrupted: {reason}. Run it again to go on."
    cause = getattr(error, "orig", None)
    if getattr(cause, "sqlstate", None) == _ALREADY_THERE:
        return "The database holds some of it already, under another server's id. Give another database."
    return f"The server refuses a row ({getattr(cause, 'sqlstate', None) or type(error).__name__})."
