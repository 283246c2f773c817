"""Rows that may be there already: the one statement that both databases spell the same and SQLAlchemy does not."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

_INSERT: Mapping[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


async def put(connection: AsyncConnection, table: Table, row: Mapping[str, Any]) -> None:
    """Add a row of this sidecar, or write it over the one with its key."""
    insert = _INSERT[connection.dialect.name](table).values(row)
    changed = {name: insert.excluded[name] for name in row if name not in table.primary_key.columns}
    key = [column.name for column in table.primary_key]
    await connection.execute(insert.on_conflict_do_update(index_elements=key, set_=changed))


async def add_missing(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Add those rows of this sidecar that are not there; returns how many."""
    insert = _INSERT[connection.dialect.name](table).on_conflict_do_nothing().returning(*table.primary_key)
    return len((await connection.execute(insert, list(rows))).all())
