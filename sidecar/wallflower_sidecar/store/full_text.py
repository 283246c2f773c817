"""The full-text index as `search` and what writes segments see it; each database has its own behind it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncConnection

from .postgres_text import PostgresText
from .rows import Row
from .search_query import Match, SearchQuery, Term
from .sqlite_text import SqliteText


class FullText(Protocol):
    """Words of segments, case and accents folded."""

    async def add(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Index rows of `segments` that were just written."""

    async def delete(self, connection: AsyncConnection, conditions: Sequence[ColumnElement[bool]], count: int) -> None:
        """Delete segments with their entries; `count` is how many they are."""

    def without(self, unwanted: Collection[Term]) -> ColumnElement[bool]:
        """The condition for segments in which none of the terms occurs."""

    async def newest(
        self,
        connection: AsyncConnection,
        query: SearchQuery,
        filters: Sequence[ColumnElement[bool]],
        *,
        ceiling: int | None,
        limit: int,
    ) -> list[Match]:
        """Return the newest segments that match, up to row `ceiling`, newest first; something must be wanted."""

    async def marked(
        self, connection: AsyncConnection, query: SearchQuery, seqs: Sequence[int], marks: tuple[str, str]
    ) -> Mapping[int, tuple[Row, str]]:
        """Return the rows of matches, and their texts with `marks` around what was wanted."""


_OF_DIALECT: Mapping[str, FullText] = {"sqlite": SqliteText(), "postgresql": PostgresText()}


def full_text(connection: AsyncConnection) -> FullText:
    """The index of the database that a connection leads to."""
    return _OF_DIALECT[connection.dialect.name]
