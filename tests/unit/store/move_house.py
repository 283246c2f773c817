"""A data folder with something in every table, to be moved to a server."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
import sqlite3

import pytest
from sqlalchemy import JSON, Column, ColumnElement, Table, Text, cast, func, insert, select

from wallflower_sidecar.domain.access import Role, TokenInfo
from wallflower_sidecar.domain.keywords import Rule
from wallflower_sidecar.domain.recordings import ForgottenSpan
from wallflower_sidecar.domain.streams import Recording, StreamError
from wallflower_sidecar.domain.transcripts import Speaker
from wallflower_sidecar.store import (
    Database,
    PostgresPlace,
    accounts,
    events,
    forgotten,
    keywords,
    streams,
    transcripts,
)
from wallflower_sidecar.store.move import AT_ONCE, TABLES, Moved, move
from wallflower_sidecar.store.schema import RECORDINGS

from .heard import MORNING, Clock, at, copies, delete, hit, keep, segment, stream

MANY = AT_ONCE + 17


@dataclass(frozen=True, slots=True)
class House:
    """A data folder with something in every table, and a server to move it to."""

    path: Path
    place: PostgresPlace

    async def move(self) -> Moved:
        return await move(self.path, self.place, lambda _done, _total: None)

    async def interrupted(self, *, after: int) -> None:
        """Move so many rows at least, and break off."""

        def stop(done: int, _total: int) -> None:
            if done >= after:
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await move(self.path, self.place, stop)

    def beside(self, folder: Path) -> House:
        """Another data folder, empty yet, for the same server."""
        folder.mkdir()
        return House(folder / "wallflower.db", replace(self.place, folder=folder))

    async def server(self, *, as_sidecar: bool = False, folder: Path | None = None) -> Database:
        """Open the server, from the data folder or another one."""
        place = self.place if folder is None else replace(self.place, folder=folder)
        return await Database.open(place, clock=Clock(), as_sidecar=as_sidecar)


async def fill(database: Database) -> None:
    heard = segment("help, NUL \0 and \ud800 surrogate 😀", speaker=Speaker("s1", "Ann"))
    early = replace(hit(heard, "early"), segment=None)
    async with database.write() as connection:
        await streams.save_stream(connection, stream("door", name="Front door", retain_days=7))
        await streams.save_stream(connection, stream("gone", retain_days=3, recording=Recording(retain_days=2)))
        await streams.delete_stream(connection, "gone")
        await streams.add_error(connection, "door", StreamError("stalled", "It stalled.", MORNING))
        await keywords.save_house_rules(connection, [Rule(id="sos", name="SOS", phrases=("help",))])
        await accounts.add_token(connection, TokenInfo("t1", "Home", Role.CLIENT, MORNING, None), "digest")
        await accounts.add_pairing_code(connection, "code", at(60), tries=3)
        await forgotten.note(connection, ForgottenSpan("door", None, MORNING))
        row = {
            "id": "r1",
            "stream": "door",
            "start": 1,
            "end": 2,
            "bytes": 3,
            "kind": "continuous",
            "path": "door/ä.mp4",
        }
        await connection.execute(insert(RECORDINGS), row)
        await transcripts.insert_segment(connection, heard)
        await transcripts.insert_hits(connection, [hit(heard), early])
        await events.append(connection, copies(heard, [hit(heard)]))
        await transcripts.insert_segments(connection, [segment(f"number {n}", at_s=n + 1) for n in range(MANY)])
    await keep(database, segment("to be forgotten", at_s=10_000))
    await delete(database, start=at(10_000))


def of_file(path: Path) -> dict[str, list[str]]:
    """Every row of every table without what the server gives anew, as text."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        found = {}
        for table in TABLES:
            names = ", ".join(f'"{column.name}"' for column in _moved(table))
            rows = connection.execute(f"SELECT {names} FROM {table.name}")
            found[table.name] = sorted(repr(row) for row in rows if row[0] not in {"server_id", "erasure_pending"})
    finally:
        connection.close()
    return found


async def of_server(database: Database) -> dict[str, list[str]]:
    """The same of the server, what is this one's there."""
    async with database.read() as connection:
        return {
            table.name: sorted(
                repr(tuple(row))
                for row in await connection.execute(
                    select(*map(_as_it_is, _moved(table))).where(table.c.server == database.server_id)
                )
            )
            for table in TABLES
        }


async def counts_of(database: Database) -> dict[str, int]:
    """How many rows the server's tables have, whosever they are."""
    async with database.read() as connection:
        return {
            table.name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in TABLES
        }


def _moved(table: Table) -> Sequence[Column]:
    anew = {"server", getattr(table.autoincrement_column, "name", None)}
    return [column for column in table.c if column.name not in anew]


def _as_it_is(column: Column) -> ColumnElement:
    return cast(column, Text) if isinstance(column.type, JSON) else column
