"""Numbered events: appended by the one writer, read again by whoever missed some, forgotten as tombstones."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.clock import to_millis
from ..domain.events import Event, EventBounds, EventPage, EventType, NewEvent
from .columns import mine
from .schema import COUNTERS, EVENTS
from .upsert import add_missing

HELD = timedelta(days=7)
HELD_AT_MOST = 100_000

_NAME = "events"
_COUNTER = (mine(COUNTERS), COUNTERS.c.name == _NAME)


async def append(connection: AsyncConnection, events: Sequence[NewEvent]) -> list[Event]:
    """Number and store events in their order."""
    if not events:
        return []
    first = await _reserve(connection, len(events))
    rows: list[dict[str, Any]] = [
        {
            "id": number,
            "at": to_millis(event.at),
            "type": event.type.value,
            "stream": event.stream,
            "segment": event.segment,
            "data": event.data,
        }
        for number, event in enumerate(events, start=first)
    ]
    await connection.execute(insert(EVENTS), rows)
    return [Event(number, event.type, event.data, event.stream) for number, event in enumerate(events, start=first)]


async def read_after(
    connection: AsyncConnection,
    after: int,
    *,
    limit: int,
    stream: str | None = None,
    types: Collection[EventType] = (),
) -> EventPage:
    """Return up to `limit` events with ids over `after` in order, without tombstones, and how far was looked."""
    query = select(EVENTS).where(mine(EVENTS), EVENTS.c.id > after, EVENTS.c.data.is_not(None))
    if stream is not None:
        query = query.where(EVENTS.c.stream == stream)
    if types:
        query = query.where(EVENTS.c.type.in_([kind.value for kind in types]))
    rows = await connection.execute(query.order_by(EVENTS.c.id).limit(limit))
    events = tuple(Event(row.id, EventType(row.type), row.data, row.stream) for row in rows)
    if len(events) == limit:
        return EventPage(events, events[-1].id or after, complete=False)
    return EventPage(events, max(after, (await bounds(connection)).newest), complete=True)


async def bounds(connection: AsyncConnection) -> EventBounds:
    """Return the oldest id still held and the newest ever given; oldest is newest + 1 when none is held."""
    oldest = (await connection.execute(select(func.min(EVENTS.c.id)).where(mine(EVENTS)))).scalar()
    newest = (await connection.execute(select(COUNTERS.c.given).where(*_COUNTER))).scalar() or 0
    return EventBounds(newest + 1 if oldest is None else oldest, newest)


async def prune(connection: AsyncConnection, now: datetime) -> int:
    """Let go of events over 7 days old and of the oldest beyond 100,000, from the old end only; returns how many.

    The newest stays, as a tombstone when it is old, so that a reader that has everything misses nothing.
    """
    newest = (await bounds(connection)).newest
    cutoff = to_millis(now - HELD)
    first_young = select(EVENTS.c.id).where(mine(EVENTS), EVENTS.c.at >= cutoff).order_by(EVENTS.c.id).limit(1)
    young: int | None = (await connection.execute(first_young)).scalar()
    first_kept = max(newest if young is None else young, newest - HELD_AT_MOST + 1)
    gone = await connection.execute(delete(EVENTS).where(mine(EVENTS), EVENTS.c.id < first_kept))
    await connection.execute(
        update(EVENTS)
        .where(mine(EVENTS), EVENTS.c.id == newest, EVENTS.c.at < cutoff, EVENTS.c.data.is_not(None))
        .values(data=None)
    )
    return gone.rowcount


async def _reserve(connection: AsyncConnection, count: int) -> int:
    """Take the next numbers; returns the first. Nobody else gets one until this is committed."""
    more = update(COUNTERS).where(*_COUNTER).values(given=COUNTERS.c.given + count).returning(COUNTERS.c.given)
    given: int | None = (await connection.execute(more)).scalar()
    if given is None:
        await add_missing(connection, COUNTERS, [{"name": _NAME, "given": 0}])
        given = (await connection.execute(more)).scalar_one()
    return given - count + 1
