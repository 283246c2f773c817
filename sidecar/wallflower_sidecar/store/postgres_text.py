"""PostgreSQL's full-text index: a `tsvector` of our own words beside each segment, whatever language it is set to."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    bindparam,
    cast,
    column,
    delete as delete_from,
    exists,
    func,
    insert,
    literal,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncConnection

from .columns import Text
from .rows import Row
from .schema import SEGMENTS
from .search_query import Match, SearchQuery, Term
from .words import folded, occurrences, words

MOST_WORDS = 16_000
"""Of a text that are indexed; PostgreSQL counts their places up to 16,383."""

BY_LENGTH = 1
"""How `ts_rank` weighs a long text: divided by 1 + the logarithm of its length."""

_FTS = table("segments_fts", column("seq", Integer), column("words", TSVECTOR))


class PostgresText:
    """A table with a row for each segment, that goes with it."""

    async def add(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Index rows of `segments` that were just written."""
        segment = select(SEGMENTS.c.seq, cast(bindparam("said", type_=Text), TSVECTOR)).where(
            SEGMENTS.c.id == bindparam("segment")
        )
        statement = insert(_FTS).from_select(["seq", "words"], segment)
        await connection.execute(statement, [{"segment": row["id"], "said": _vector(row["text"])} for row in rows])

    async def delete(self, connection: AsyncConnection, conditions: Sequence[ColumnElement[bool]], _count: int) -> None:
        """Delete segments; their entries go with them."""
        await connection.execute(delete_from(SEGMENTS).where(*conditions))

    def without(self, unwanted: Collection[Term]) -> ColumnElement[bool]:
        """The condition for segments in which none of the terms occurs."""
        return ~exists().where(_FTS.c.seq == SEGMENTS.c.seq, _FTS.c.words.op("@@")(_any_of(unwanted)))

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
        sought = _sought(query)
        matches = select(_FTS.c.seq, _FTS.c.words).where(_FTS.c.words.op("@@")(sought))
        if filters:
            matches = matches.where(exists().where(SEGMENTS.c.seq == _FTS.c.seq, *filters))
        if ceiling is not None:
            matches = matches.where(_FTS.c.seq <= literal(ceiling, BigInteger))
        newest = matches.order_by(_FTS.c.seq.desc()).limit(limit).subquery()
        ranked = select(newest.c.seq, func.ts_rank(newest.c.words, sought, BY_LENGTH).label("rank"))
        rows = await connection.execute(ranked.order_by(newest.c.seq.desc()))
        return [Match(row.seq, -row.rank) for row in rows]

    async def marked(
        self, connection: AsyncConnection, query: SearchQuery, seqs: Sequence[int], marks: tuple[str, str]
    ) -> Mapping[int, tuple[Row, str]]:
        """Return rows and marked texts."""
        rows = select(SEGMENTS).where(SEGMENTS.c.seq == func.any(cast(seqs, ARRAY(Integer))))
        found = (await connection.execute(rows)).mappings()
        return {row["seq"]: (row, _marked(row["text"], query.wanted, marks)) for row in found}


def _vector(text: str) -> str:
    """The words of a text with their places, as PostgreSQL reads them; none holds a quotation mark."""
    return " ".join(f"'{word}':{place}" for word, place in zip(folded(text)[:MOST_WORDS], count(1), strict=False))


def _sought(query: SearchQuery) -> ColumnElement[Any]:
    wanted = " & ".join(_operand(term) for term in query.wanted)
    unwanted = "".join(f" & !{_operand(term)}" for term in query.unwanted)
    return cast(literal(wanted + unwanted, Text), TSQUERY)


def _any_of(terms: Collection[Term]) -> ColumnElement[Any]:
    return cast(literal(" | ".join(_operand(term) for term in terms), Text), TSQUERY)


def _operand(term: Term) -> str:
    *first, last = (f"'{word}'" for word in folded(term.text))
    return f"({' <-> '.join((*first, f'{last}:*' if term.is_prefix else last))})"


def _marked(text: str, wanted: Iterable[Term], marks: tuple[str, str]) -> str:
    """The text with marks around what was wanted; what overlaps is marked as one."""
    said = list(words(text))
    stretches = sorted(
        stretch for term in wanted for stretch in occurrences(said, folded(term.text), is_prefix=term.is_prefix)
    )
    merged: list[tuple[int, int]] = []
    for start, end in stretches:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    parts, done = [], 0
    for start, end in merged:
        parts += [text[done:start], marks[0], text[start:end], marks[1]]
        done = end
    return "".join([*parts, text[done:]])
