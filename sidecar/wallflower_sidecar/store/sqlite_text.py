"""SQLite's full-text index: FTS5, kept right by triggers (sqlite.org/fts5.html)."""

from collections.abc import Collection, Mapping, Sequence
from itertools import product
import re
from typing import Any

from sqlalchemy import (
    ColumnElement,
    bindparam,
    column,
    delete as delete_from,
    exists,
    func,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from .rows import Row
from .schema import SEGMENTS
from .search_query import Match, SearchQuery, Term
from .words import dotted

MANY = 1_000
REBUILD_RATIO = 50
"""Taking a row out of the full-text index costs about as much as indexing fifty anew."""

MOST_SHARP_S = 4
"""So often in one term each may be written either way, beyond that all of them one way."""

_SHARP_S = re.compile(r"(ss|ß)", re.IGNORECASE)
_FTS = table("segments_fts", column("rowid"))
_INDEX: ColumnElement[str] = literal_column("segments_fts")
_ROW_BY_ROW: ColumnElement[int] = literal_column("+segments_fts.rowid")
_COMMAND = text("INSERT INTO segments_fts(segments_fts, rank) VALUES (:command, :rank)")


_INDEX_ALL = text("INSERT INTO segments_fts(rowid, text) SELECT seq, replace(text, 'ı', 'i') FROM segments")
"""What the triggers do for each; 'rebuild' would index the texts as they are."""


class SqliteText:
    """A virtual table that shares its texts with `segments`; it holds ı as i."""

    async def add(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
        """A trigger does it."""

    async def delete(self, connection: AsyncConnection, conditions: Sequence[ColumnElement[bool]], count: int) -> None:
        """Delete segments with their entries, by a trigger, or where that costs more by a new index."""
        if count > MANY and count * REBUILD_RATIO > await _count_segments(connection):
            await connection.execute(_COMMAND, {"command": "secure-delete", "rank": 0})
            await connection.execute(delete_from(SEGMENTS).where(*conditions))
            await connection.execute(_COMMAND, {"command": "delete-all", "rank": None})
            await connection.execute(_INDEX_ALL)
            await connection.execute(_COMMAND, {"command": "secure-delete", "rank": 1})
        elif count:
            await connection.execute(delete_from(SEGMENTS).where(*conditions))

    def without(self, unwanted: Collection[Term]) -> ColumnElement[bool]:
        """The condition for segments in which none of the terms occurs."""
        return SEGMENTS.c.seq.not_in(select(_FTS.c.rowid).where(_INDEX.op("MATCH")(_any_of(unwanted))))

    async def newest(
        self,
        connection: AsyncConnection,
        query: SearchQuery,
        filters: Sequence[ColumnElement[bool]],
        *,
        ceiling: int | None,
        limit: int,
    ) -> list[Match]:
        """Return the newest segments that match, newest first."""
        matches = (
            select(_FTS.c.rowid, func.bm25(_INDEX).label("score"))
            .where(_INDEX.op("MATCH")(expression(query)), _FTS.c.rowid >= 0)
            .order_by(_FTS.c.rowid.desc())
            .limit(limit)
        )
        if filters:
            matches = matches.where(exists().where(SEGMENTS.c.seq == _FTS.c.rowid, *filters))
        if ceiling is not None:
            matches = matches.where(_FTS.c.rowid <= ceiling)
        return [Match(row.rowid, row.score) for row in await connection.execute(matches)]

    async def marked(
        self, connection: AsyncConnection, query: SearchQuery, seqs: Sequence[int], marks: tuple[str, str]
    ) -> Mapping[int, tuple[Row, str]]:
        """Return rows and marked texts: one pass over the matches in between.

        `+` keeps SQLite from starting the search anew for each row.
        """
        rows = (
            select(SEGMENTS, func.highlight(_INDEX, 0, *marks).label("marked"))
            .select_from(_FTS.join(SEGMENTS, SEGMENTS.c.seq == _FTS.c.rowid))
            .where(_INDEX.op("MATCH")(expression(query)), _FTS.c.rowid.between(min(seqs), max(seqs)))
            .where(_ROW_BY_ROW.in_(bindparam("seqs", expanding=True)))
        )
        found = (await connection.execute(rows, {"seqs": seqs})).mappings()
        return {row["seq"]: (row, row["marked"]) for row in found}


def expression(query: SearchQuery) -> str:
    """A query that wants something, as FTS5 reads it."""
    wanted = " AND ".join(_quoted(term) for term in query.wanted)
    return f"({wanted}) NOT ({_any_of(query.unwanted)})" if query.unwanted else wanted


def _any_of(terms: Collection[Term]) -> str:
    return " OR ".join(_quoted(term) for term in terms)


def _quoted(term: Term) -> str:
    """No term holds a quotation mark."""
    star = "*" if term.is_prefix else ""
    spelled = [f'"{each}"{star}' for each in _spellings(dotted(term.text))]
    return spelled[0] if len(spelled) == 1 else f"({' OR '.join(spelled)})"


def _spellings(text: str) -> list[str]:
    """The same with ss for ß and the other way round, as case folding has it and SQLite's tokenizer has not."""
    parts = _SHARP_S.split(text)
    if len(parts) // 2 > MOST_SHARP_S:
        return [text, _SHARP_S.sub("ss", text), _SHARP_S.sub("ß", text)]
    choices = [("ss", "ß") if index % 2 else (part,) for index, part in enumerate(parts)]
    return ["".join(chosen) for chosen in product(*choices)]


async def _count_segments(connection: AsyncConnection) -> int:
    return (await connection.execute(select(func.count()).select_from(SEGMENTS))).scalar_one()
