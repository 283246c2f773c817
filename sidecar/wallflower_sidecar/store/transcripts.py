"""What was heard: kept, found, forgotten."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, insert, literal, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.clock import to_millis
from ..domain.keywords import Hit
from ..domain.transcripts import Segment
from .forgetting import expire, forget, purge
from .full_text import full_text
from .paging import Page
from .rows import hit_to_row, segment_from_row, segment_to_row
from .schema import HITS, SEGMENTS, STREAMS
from .search import Found, in_range, of_streams, search

__all__ = [
    "Found",
    "Page",
    "expire",
    "forget",
    "has_stream",
    "insert_hits",
    "insert_segment",
    "insert_segments",
    "newest_seq",
    "oldest_first",
    "purge",
    "search",
]


async def insert_segment(connection: AsyncConnection, segment: Segment) -> None:
    """Keep a segment and index it."""
    await insert_segments(connection, [segment])


async def insert_segments(connection: AsyncConnection, segments: Sequence[Segment]) -> None:
    """Keep segments, some at least, and index them."""
    rows = [segment_to_row(segment) for segment in segments]
    await connection.execute(insert(SEGMENTS), rows)
    await full_text(connection).add(connection, rows)


async def insert_hits(connection: AsyncConnection, hits: Sequence[Hit]) -> None:
    """Keep hits, after the segments they belong to."""
    if hits:
        await connection.execute(insert(HITS), [hit_to_row(hit) for hit in hits])


async def has_stream(connection: AsyncConnection, stream_id: str) -> bool:
    """Whether a stream is configured or text or hits of it are kept."""
    known = union_all(
        select(STREAMS.c.id).where(STREAMS.c.id == stream_id),
        select(SEGMENTS.c.id).where(SEGMENTS.c.stream == stream_id),
        select(HITS.c.id).where(HITS.c.stream == stream_id),
    )
    return (await connection.execute(known.limit(1))).first() is not None


async def newest_seq(connection: AsyncConnection) -> int:
    """Return the number of the newest row, 0 before the first."""
    return int((await connection.execute(select(func.coalesce(func.max(SEGMENTS.c.seq), 0)))).scalar_one())


async def oldest_first(
    connection: AsyncConnection,
    streams: Collection[str],
    *,
    start: datetime | None,
    end: datetime | None,
    ceiling: int,
    after: Segment | None,
    limit: int,
) -> list[Segment]:
    """Return segments of these streams (of all without any) that begin in [start, end), up to a row, after another."""
    rows = select(SEGMENTS).where(*of_streams(streams), *in_range(None, start, end), SEGMENTS.c.seq <= ceiling)
    if after is not None:
        last = tuple_(literal(to_millis(after.start)), literal(after.id))
        rows = rows.where(tuple_(SEGMENTS.c.start, SEGMENTS.c.id) > last)
    rows = rows.order_by(SEGMENTS.c.start, SEGMENTS.c.id).limit(limit)
    return [segment_from_row(row) for row in (await connection.execute(rows)).mappings()]
