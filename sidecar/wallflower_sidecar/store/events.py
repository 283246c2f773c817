"""Numbered events: appended by the one writer, read again by whoever missed some, forgotten as tombstones."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.clock import to_millis
from ..domain.events import Event, EventBounds, EventPage, EventType, NewEvent
from .schema import EVENTS

HELD = timedelta(days=7)
HELD_AT_MOST = 100_000


async def append(connection: AsyncConnection, events: Sequence[NewEvent]) -> list[Event]:
    """Number and store events in their order."""
    if not events:
        return []
    rows = [
        {
            "at": to_millis(event.at),
            "type": event.type.value,
            "stream": event.stream,
            "segment": event.segment,
            "data": event.data,
        }
        for event in events
    ]
    numbers = await connection.execute(insert(EVENTS).returning(EVENTS.c.id, sort_by_parameter_order=True), rows)
    return [
        Event(number, event.type, event.data, event.stream)
        for number, event in zip(numbers.scalars(), events, strict=True)
    ]


async def read_after(
    connection: AsyncConnection,
    after: int,
    *,
    limit: int,
    stream: str | None = None,
    types: Collection[EventType] = (),
) -> EventPage:
    """Return up to `limit` events with ids over `after` in order, without tombstones, and how far was looked."""
    query = select(EVENTS).where(EVENTS.c.id > after, EVENTS.c.data.is_not(None))
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
    oldest = (await connection.execute(select(func.min(EVENTS.c.id)))).scalar()
    given = await connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = 'events'"))
    newest = given.scalar() or 0
    return EventBounds(newest + 1 if oldest is None else oldest, newest)


async def prune(connection: AsyncConnection, now: datetime) -> int:
    """Let go of events over 7 days old and of the oldest beyond 100,000, from the old end only; returns how many.

    The newest stays, as a tombstone when it is old, so that a reader that has everything misses nothing.
    """
    newest = (await bounds(connection)).newest
    cutoff = to_millis(now - HELD)
    first_young = select(EVENTS.c.id).where(EVENTS.c.at >= cutoff).order_by(EVENTS.c.id).limit(1)
    young: int | None = (await connection.execute(first_young)).scalar()
    first_kept = max(newest if young is None else young, newest - HELD_AT_MOST + 1)
    gone = await connection.execute(delete(EVENTS).where(EVENTS.c.id < first_kept))
    await connection.execute(
        update(EVENTS).where(EVENTS.c.id == newest, EVENTS.c.at < cutoff, EVENTS.c.data.is_not(None)).values(data=None)
    )
    return gone.rowcount
