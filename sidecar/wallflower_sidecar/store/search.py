"""Finding segments: newest first by time, or best first by words."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
import html
import secrets

from sqlalchemy import ColumnElement, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.clock import to_millis
from ..domain.errors import FieldError
from ..domain.keywords import HitState
from ..domain.transcripts import Segment
from .full_text import full_text
from .paging import After, Page, Shown, decode_cursor
from .rows import segment_from_row
from .schema import HITS, SEGMENTS
from .search_query import SearchQuery, parse_search
from .spaceless import Within

RANKED = 2_000
"""The best are looked for among so many newest matches, so that a common word costs no more than a rare one."""


@dataclass(frozen=True, slots=True)
class Found:
    """A segment, and its text as HTML with `<mark>` around what matched (None without a word that was looked for)."""

    segment: Segment
    highlight: str | None


async def search(  # noqa: PLR0913
    connection: AsyncConnection,
    *,
    streams: Collection[str] = (),
    q: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    rule: str | None = None,
    speaker: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[Found]:
    """Find segments of these streams (of all without any) that begin in [start, end).

    They come newest first without `q`, best first with it. Raises FieldError("cursor").
    """
    filters = [*of_streams(streams), *in_range(None, start, end), *_spoken(rule, speaker)]
    query, within = parse_search(q) if q else None, Within()
    if query is not None:
        within, query = Within.taken_from(query)
        filters += within.conditions()
    if query is not None and query.wanted:
        return await _best_first(connection, query, within, filters, limit, _shown(cursor))
    return await _newest_first(connection, query, within, filters, limit, _after(cursor))


def of_streams(streams: Collection[str]) -> list[ColumnElement[bool]]:
    """The condition for segments of these streams; none without any."""
    return [SEGMENTS.c.stream.in_(streams)] if streams else []


def in_range(stream: str | None, start: datetime | None, end: datetime | None) -> list[ColumnElement[bool]]:
    """The conditions for segments of a stream that begin in [start, end)."""
    filters = []
    if stream is not None:
        filters.append(SEGMENTS.c.stream == stream)
    if start is not None:
        filters.append(SEGMENTS.c.start >= to_millis(start))
    if end is not None:
        filters.append(SEGMENTS.c.start < to_millis(end))
    return filters


def _spoken(rule: str | None, speaker: str | None) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = []
    if rule is not None:
        hit = (HITS.c.rule_id == rule, HITS.c.state != HitState.RETRACTED.value)
        filters.append(SEGMENTS.c.id.in_(select(HITS.c.segment).where(*hit)))
    if speaker is not None:
        filters.append(SEGMENTS.c.speaker_id == speaker)
    return filters


async def _newest_first(
    connection: AsyncConnection,
    query: SearchQuery | None,
    within: Within,
    filters: list[ColumnElement[bool]],
    limit: int,
    after: After | None,
) -> Page[Found]:
    rows = select(SEGMENTS).where(*filters).order_by(SEGMENTS.c.start.desc(), SEGMENTS.c.id.desc()).limit(limit + 1)
    if query is not None and not query.unwanted and not within:
        return Page((), None)
    if query is not None and query.unwanted:
        rows = rows.where(full_text(connection).without(query.unwanted))
    if after is not None:
        rows = rows.where(tuple_(SEGMENTS.c.start, SEGMENTS.c.id) < tuple_(literal(after.start), literal(after.id)))
    found = (await connection.execute(rows)).mappings().all()
    marks = _new_marks()
    items = tuple(
        Found(segment_from_row(row), _as_html(within.marked(row["text"], marks), marks) if within.wanted else None)
        for row in found[:limit]
    )
    if len(found) <= limit:
        return Page(items, None)
    last = found[limit - 1]
    return Page(items, After(last["start"], last["id"]).encode())


async def _best_first(
    connection: AsyncConnection,
    query: SearchQuery,
    within: Within,
    filters: list[ColumnElement[bool]],
    limit: int,
    shown: Shown | None,
) -> Page[Found]:
    ceiling, taken = (None, 0) if shown is None else (shown.ceiling, shown.taken)
    found = await full_text(connection).newest(connection, query, filters, ceiling=ceiling, limit=RANKED)
    left = [number for number in range(len(found)) if not taken >> number & 1]
    left.sort(key=lambda number: (found[number].score, number))
    page = left[:limit]
    items = await _highlighted(connection, query, within, [found[number].seq for number in page])
    if len(left) <= limit:
        return Page(items, None)
    for number in page:
        taken |= 1 << number
    return Page(items, Shown(found[0].seq if ceiling is None else ceiling, taken).encode())


async def _highlighted(
    connection: AsyncConnection, query: SearchQuery, within: Within, seqs: list[int]
) -> tuple[Found, ...]:
    """The rows in this order."""
    if not seqs:
        return ()
    marks = _new_marks()
    found = {
        seq: Found(segment_from_row(row), _as_html(within.marked(text, marks), marks))
        for seq, (row, text) in (await full_text(connection).marked(connection, query, seqs, marks)).items()
    }
    return tuple(found[seq] for seq in seqs)


def _new_marks() -> tuple[str, str]:
    """What stands before and after a match until it is HTML: random, so that no text can forge or break it."""
    return f"\x02{secrets.token_hex(4)}", f"\x03{secrets.token_hex(4)}"


def _as_html(marked: str, marks: tuple[str, str]) -> str:
    return html.escape(marked).replace(marks[0], "<mark>").replace(marks[1], "</mark>")


def _after(cursor: str | None) -> After | None:
    decoded = None if cursor is None else decode_cursor(cursor)
    if isinstance(decoded, Shown):
        raise FieldError("cursor", "This cursor belongs to a search with words.")
    return decoded


def _shown(cursor: str | None) -> Shown | None:
    decoded = None if cursor is None else decode_cursor(cursor)
    if isinstance(decoded, After):
        raise FieldError("cursor", "This cursor belongs to a search without words.")
    return decoded
