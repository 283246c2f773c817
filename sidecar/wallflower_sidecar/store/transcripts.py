"""What was heard: kept, found, forgotten."""

from collections.abc import Sequence

from sqlalchemy import insert, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.keywords import Hit
from ..domain.transcripts import Segment
from .forgetting import delete, expire, forget, purge
from .paging import Page
from .rows import hit_to_row, segment_to_row
from .schema import HITS, SEGMENTS, STREAMS
from .search import Found, search

__all__ = [
    "Found",
    "Page",
    "delete",
    "expire",
    "forget",
    "has_stream",
    "insert_hits",
    "insert_segment",
    "purge",
    "search",
]


async def insert_segment(connection: AsyncConnection, segment: Segment) -> None:
    """Keep a segment; the full-text index follows in the same transaction."""
    await connection.execute(insert(SEGMENTS), segment_to_row(segment))


async def insert_hits(connection: AsyncConnection, hits: Sequence[Hit]) -> None:
    """Keep hits, after the segments they belong to."""
    if hits:
        await connection.execute(insert(HITS), [hit_to_row(hit) for hit in hits])


async def has_stream(connection: AsyncConnection, stream_id: str) -> bool:
    """Whether a stream is configured or text of it is kept."""
    known = union_all(
        select(STREAMS.c.id).where(STREAMS.c.id == stream_id),
        select(SEGMENTS.c.id).where(SEGMENTS.c.stream == stream_id),
    )
    return (await connection.execute(known.limit(1))).first() is not None
