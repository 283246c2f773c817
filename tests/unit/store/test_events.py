"""The numbered log of what happened."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, text, update

from wallflower_sidecar.domain.clock import to_millis
from wallflower_sidecar.domain.events import Event, EventBounds, EventType, NewEvent
from wallflower_sidecar.store import Database, events
from wallflower_sidecar.store.events import HELD_AT_MOST
from wallflower_sidecar.store.schema import COUNTERS, EVENTS

from .heard import MORNING, at


def happened(number: int = 0, *, at_s: float = 0.0, stream: str | None = "door", kind=EventType.SPEECH_STARTED):
    return NewEvent(kind, {"n": number}, at(at_s), stream)


async def append(database, *new):
    async with database.write() as connection:
        return await events.append(connection, new)


async def bounds(database):
    async with database.read() as connection:
        return await events.bounds(connection)


async def test_numbers_grow_in_order_and_events_come_back(database):
    first = await append(database, *(happened(number) for number in range(5)))
    second = await append(database, happened(5, stream=None, kind=EventType.SERVER_CHANGED))
    assert [event.id for event in first + second] == [1, 2, 3, 4, 5, 6]
    async with database.read() as connection:
        page = await events.read_after(connection, 0, limit=100)
    assert page.events == (*first, *second)
    assert (page.position, page.complete) == (6, True)
    assert page.events[5] == Event(6, EventType.SERVER_CHANGED, {"n": 5}, None)


async def test_appending_nothing_is_nothing(database):
    assert await append(database) == []
    assert await bounds(database) == EventBounds(1, 0)


async def test_a_number_is_never_given_twice(place, clock):
    database = await Database.open(place, clock=clock)
    await append(database, happened(), happened())
    async with database.write() as connection:
        await connection.execute(text("DELETE FROM events"))
    assert await bounds(database) == EventBounds(3, 2)
    await database.close()
    database = await Database.open(place, clock=clock)
    assert [event.id for event in await append(database, happened())] == [3]
    await database.close()


async def test_a_rolled_back_event_leaves_no_gap(database):
    async def fail() -> None:
        async with database.write() as connection:
            await events.append(connection, [happened()])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert [event.id for event in await append(database, happened())] == [1]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({}, [0, 1, 2, 3]),
        ({"stream": "pool"}, [1]),
        ({"types": {EventType.SPEECH_ENDED}}, [2]),
        ({"stream": "door", "types": {EventType.SPEECH_STARTED, EventType.SPEECH_ENDED}}, [0, 2]),
        ({"stream": "nobody"}, []),
    ],
)
async def test_filters_keep_the_position_right(database, filters, numbers):
    await append(
        database,
        happened(0),
        happened(1, stream="pool"),
        happened(2, kind=EventType.SPEECH_ENDED),
        happened(3, stream=None, kind=EventType.SERVER_CHANGED),
    )
    async with database.read() as connection:
        page = await events.read_after(connection, 0, limit=100, **filters)
    assert [event.data["n"] for event in page.events] == numbers
    assert page.position == 4


async def test_a_full_page_goes_on_after_its_last_event(database):
    await append(database, *(happened(number) for number in range(5)))
    async with database.read() as connection:
        page = await events.read_after(connection, 1, limit=2)
    assert [event.id for event in page.events] == [2, 3]
    assert (page.position, page.complete) == (3, False)


async def test_tombstones_are_skipped_but_held(database):
    await append(database, happened(), happened(), happened())
    async with database.write() as connection:
        await connection.execute(text("UPDATE events SET data = NULL WHERE id <> 2"))
        page = await events.read_after(connection, 0, limit=100)
    assert [event.id for event in page.events] == [2]
    assert page.position == 3
    assert await bounds(database) == EventBounds(1, 3)


async def prune(database, now):
    async with database.write() as connection:
        return await events.prune(connection, now)


async def test_seven_days_are_held(database):
    await append(database, *(happened(at_s=day * 86_400) for day in range(10)))
    assert await prune(database, at(9 * 86_400)) == 2
    assert await bounds(database) == EventBounds(3, 10)


async def test_the_newest_stays_as_a_tombstone_so_that_a_reader_misses_nothing(database):
    await append(database, happened(), happened())
    assert await prune(database, MORNING + timedelta(days=30)) == 1
    assert await bounds(database) == EventBounds(2, 2)
    async with database.read() as connection:
        assert (await events.read_after(connection, 0, limit=10)).events == ()
    assert await prune(database, MORNING + timedelta(days=31)) == 0


async def test_a_clock_that_was_set_back_makes_no_hole(database):
    week = 8 * 86_400
    await append(database, happened(at_s=week), happened(at_s=0), happened(at_s=week))
    assert await prune(database, at(week)) == 0


async def test_a_hundred_thousand_are_held(database):
    await append(database, happened())
    async with database.write() as connection:
        given = HELD_AT_MOST + 5
        rows = [{"id": number, "at": to_millis(MORNING), "type": "speech.started"} for number in range(2, given + 1)]
        await connection.execute(insert(EVENTS), rows)
        await connection.execute(update(COUNTERS).values(given=given))
    assert await prune(database, MORNING) == 5
    assert await bounds(database) == EventBounds(6, HELD_AT_MOST + 5)


async def test_pruning_an_empty_log(database):
    assert await prune(database, MORNING) == 0
