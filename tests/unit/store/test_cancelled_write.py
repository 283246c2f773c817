"""A write that is cancelled at any moment leaves the writer free for the next one."""

import asyncio

from wallflower_sidecar.domain.events import EventType, NewEvent
from wallflower_sidecar.store import Database, events

from .heard import Clock


async def test_the_next_write_follows_at_once(database: Database, clock: Clock) -> None:
    async def write() -> None:
        async with database.write() as connection:
            await events.append(connection, [NewEvent(EventType.SERVER_CHANGED, {}, clock.now())])

    for number in range(120):
        cancelled = asyncio.create_task(write())
        await asyncio.sleep(number % 40 * 0.0002)
        cancelled.cancel()
        await asyncio.wait([cancelled])
        async with asyncio.timeout(2):
            await write()
