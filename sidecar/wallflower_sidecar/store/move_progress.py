"""How far a move is, kept in the target itself: written in the same transaction as the rows it tells of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
from typing import Self

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .columns import mine
from .schema import META
from .upsert import put

KEY = "moving"
"""In `meta` from the first row until all are counted; a sidecar refuses to start on what has it."""

CLEARING = ""
"""The state of a source of which nothing may be left before its rows are moved anew."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of the source, and of each table the number of the last row that is moved."""

    state: str
    last: Mapping[str, int] = field(default_factory=dict)

    def of(self, table: str) -> int:
        """The last row of a table that is moved, 0 before the first."""
        return self.last.get(table, 0)

    def at(self, table: str, row: int) -> Self:
        """The progress once a table is moved up to this row."""
        return type(self)(self.state, {**self.last, table: row})


async def load(connection: AsyncConnection) -> Progress | None:
    """Return the progress of this server's move, None where none is on its way."""
    found = (await connection.execute(select(META.c.value).where(mine(META), META.c.key == KEY))).scalar()
    return None if found is None else Progress(*json.loads(found))


async def save(connection: AsyncConnection, progress: Progress) -> None:
    """Keep it."""
    await put(connection, META, {"key": KEY, "value": json.dumps([progress.state, progress.last])})


async def drop(connection: AsyncConnection) -> None:
    """The move is done."""
    await connection.execute(delete(META).where(mine(META), META.c.key == KEY))
