"""Deleting what was heard, with everything that repeats it: hits, index entries, copies in events.

Call these within `Database.erase`: only that takes what is deleted out of the files too.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete as delete_from, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.clock import to_millis
from ..domain.events import EventType
from .columns import mine
from .full_text import full_text
from .schema import EVENTS, FORMER_STREAMS, HITS, SEGMENTS
from .search import in_range
from .streams import load_streams

_WITHOUT_SEGMENT = (
    EventType.TRANSCRIPT_FINAL,
    EventType.KEYWORD_DETECTED,
    EventType.KEYWORD_CONFIRMED,
    EventType.KEYWORD_RETRACTED,
    EventType.SPEECH_STARTED,
    EventType.SPEECH_ENDED,
)
"""Events about speech; those that belong to a segment go with it, the others by their time."""


async def forget(
    connection: AsyncConnection,
    *,
    stream: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> int:
    """Delete segments that begin in [start, end), their hits and event copies; returns how many segments."""
    segments = [mine(SEGMENTS), *in_range(stream, start, end)]
    copies: list[ColumnElement[bool]] = [
        EVENTS.c.segment.is_(None),
        EVENTS.c.type.in_([kind.value for kind in _WITHOUT_SEGMENT]),
    ]
    early_hits: list[ColumnElement[bool]] = [mine(HITS), HITS.c.segment.is_(None)]
    for conditions, table, column in ((copies, EVENTS, EVENTS.c.at), (early_hits, HITS, HITS.c.start)):
        if stream is not None:
            conditions.append(table.c.stream == stream)
        if start is not None:
            conditions.append(column >= to_millis(start))
        if end is not None:
            conditions.append(column < to_millis(end))
    await _leave_tombstones(connection, copies)
    await _leave_tombstones(connection, [EVENTS.c.segment.in_(select(HITS.c.id).where(*early_hits))])
    await connection.execute(delete_from(HITS).where(*early_hits))
    return await _delete_segments(connection, segments)


async def purge(connection: AsyncConnection, stream: str) -> int:
    """Delete all text of a stream and all its events but the one of its removal; returns how many segments."""
    await _leave_tombstones(connection, [EVENTS.c.stream == stream, EVENTS.c.type != EventType.STREAM_REMOVED.value])
    await connection.execute(delete_from(HITS).where(mine(HITS), HITS.c.stream == stream))
    await connection.execute(delete_from(FORMER_STREAMS).where(mine(FORMER_STREAMS), FORMER_STREAMS.c.id == stream))
    return await _delete_segments(connection, [mine(SEGMENTS), SEGMENTS.c.stream == stream])


async def expire(connection: AsyncConnection, now: datetime) -> int:
    """Forget what is older than its stream's `retain_days`, of removed streams too; returns how many segments."""
    retain: dict[str, float | None] = {
        row.id: row.retain_days for row in await connection.execute(select(FORMER_STREAMS).where(mine(FORMER_STREAMS)))
    }
    retain |= {stream.id: stream.retain_days for stream in await load_streams(connection)}
    gone = 0
    for stream_id, days in retain.items():
        if days is None:
            continue
        end = now - timedelta(days=days)
        due = select(SEGMENTS.c.id).where(mine(SEGMENTS), *in_range(stream_id, None, end)).limit(1)
        if (await connection.execute(due)).first() is not None:
            gone += await forget(connection, stream=stream_id, end=end)
    held = select(SEGMENTS.c.stream).where(mine(SEGMENTS), SEGMENTS.c.stream == FORMER_STREAMS.c.id)
    await connection.execute(delete_from(FORMER_STREAMS).where(mine(FORMER_STREAMS), ~held.exists()))
    return gone


async def _delete_segments(connection: AsyncConnection, conditions: list[ColumnElement[bool]]) -> int:
    """Hits go with their segments by foreign key, index entries by trigger."""
    ids = select(SEGMENTS.c.id).where(*conditions)
    await _leave_tombstones(connection, [EVENTS.c.segment.in_(ids)])
    count = (await connection.execute(select(func.count()).select_from(ids.subquery()))).scalar_one()
    if count:
        await full_text(connection).delete(connection, conditions, count)
    return count


async def _leave_tombstones(connection: AsyncConnection, conditions: list[ColumnElement[bool]]) -> None:
    await connection.execute(
        update(EVENTS).where(mine(EVENTS), EVENTS.c.data.is_not(None), *conditions).values(data=None)
    )
