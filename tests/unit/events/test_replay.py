"""Stored events after an id, then live ones: every event once, in order; against the real store."""

import asyncio
import random

import pytest
from sqlalchemy import text

from tests.unit.store.heard import MORNING, Clock
from wallflower_sidecar.domain.events import Event, EventBounds, EventPage, EventType, NewEvent
from wallflower_sidecar.events import Broadcaster, Ended, Replay, Resync
from wallflower_sidecar.events.replay import PAGE, is_held
from wallflower_sidecar.store import Database, events as stored

FINAL, STARTED = EventType.TRANSCRIPT_FINAL, EventType.SPEECH_STARTED


class Reader:
    """Reads each page in a short transaction of its own, as the service does."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def bounds(self) -> EventBounds:
        async with self.database.read() as connection:
            return await stored.bounds(connection)

    async def read_after(self, after: int, **query) -> EventPage:
        async with self.database.read() as connection:
            return await stored.read_after(connection, after, **query)


class Log:
    """Stores events and tells them after commit, as the service does."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.broadcaster = Broadcaster()

    async def happen(self, *happened: tuple[EventType, str | None]) -> None:
        async with self.database.write() as connection:
            new = [NewEvent(kind, {}, MORNING, stream) for kind, stream in happened]
            numbered = await stored.append(connection, new)
            self.database.after_commit(lambda: self.broadcaster.publish(numbered))

    def replay(self, after: int | None, **filters) -> Replay:
        return Replay(self.broadcaster, Reader(self.database), after=after, **filters)


@pytest.fixture
async def log(tmp_path):
    database = await Database.open(tmp_path / "wallflower.db", clock=Clock())
    yield Log(database)
    await database.close()


async def taken(replay: Replay, count: int) -> list[int | Resync | None]:
    async with asyncio.timeout(10):
        found = [await anext(replay) for _ in range(count)]
    return [each if isinstance(each, Resync) else each.id for each in found]


async def some(log: Log, count: int) -> None:
    await log.happen(*[(FINAL, "door")] * count)


@pytest.mark.parametrize(("after", "first"), [(0, 1), (1, 2), (2, 3), (3, 4), (None, 4)])
async def test_what_was_missed_comes_first(log, after, first):
    await some(log, 3)
    async with log.replay(after) as replay:
        await some(log, 2)
        assert await taken(replay, 6 - first) == list(range(first, 6))


async def test_more_than_a_page_was_missed(log):
    await some(log, PAGE * 2 + 7)
    async with log.replay(1) as replay:
        assert await taken(replay, PAGE * 2 + 6) == list(range(2, PAGE * 2 + 8))
        await some(log, 1)
        assert await taken(replay, 1) == [PAGE * 2 + 8]


@pytest.mark.parametrize(
    ("after", "bounds", "held"),
    [
        (0, EventBounds(1, 0), True),
        (0, EventBounds(1, 5), True),
        (0, EventBounds(2, 5), False),
        (0, EventBounds(6, 5), False),
        (1, EventBounds(1, 0), False),
        (1, EventBounds(1, 5), True),
        (5, EventBounds(1, 5), True),
        (6, EventBounds(1, 5), False),
        (2, EventBounds(3, 5), False),
        (3, EventBounds(3, 5), True),
        (10**15, EventBounds(1, 5), False),
    ],
)
def test_which_ids_are_good(after, bounds, held):
    assert is_held(after, bounds) is held


@pytest.mark.parametrize("after", [0, 1, 2, 99])
async def test_an_id_that_is_not_held_begins_anew(log, after):
    await some(log, 5)
    async with log.database.write() as connection:
        await connection.execute(text("DELETE FROM events WHERE id < 4"))
    async with log.replay(after) as replay:
        assert await taken(replay, 1) == [Resync(4, 5)]
        assert replay.position == 5
        await some(log, 1)
        assert await taken(replay, 1) == [6]


async def test_an_empty_log_and_an_id_that_was_never_given(log):
    async with log.replay(7) as replay:
        assert await taken(replay, 1) == [Resync(1, 0)]
        await some(log, 1)
        assert await taken(replay, 1) == [1]


async def test_tombstones_are_skipped_and_count_as_read(log):
    await some(log, 4)
    async with log.database.write() as connection:
        await connection.execute(text("UPDATE events SET data = NULL WHERE id IN (1, 2, 4)"))
    async with log.replay(1) as replay:
        assert await taken(replay, 1) == [3]
        await some(log, 1)
        assert await taken(replay, 1) == [5]


async def test_filters_hold_for_stored_and_live_and_the_position_goes_on(log):
    both = [(FINAL, "door"), (FINAL, "pool"), (STARTED, "door"), (EventType.SERVER_CHANGED, None)]
    await log.happen(*both)
    async with log.replay(0, stream="door", types=frozenset({FINAL})) as replay:
        assert await taken(replay, 1) == [1]
        await log.happen(*both)
        assert await taken(replay, 1) == [5]
        assert replay.position == 8


async def test_live_events_without_an_id_pass_only_live(log):
    async with log.replay(0) as replay:
        log.broadcaster.publish([Event(None, EventType.TRANSCRIPT_PARTIAL, {}, "door")])
        await some(log, 1)
        assert await taken(replay, 2) == [1, None]
    async with log.replay(0) as replay:
        assert await taken(replay, 1) == [1]


async def test_a_reader_that_is_too_slow_ends_and_comes_back_for_the_rest(log):
    async with log.replay(None, bound=5) as replay:
        await some(log, 3)
        assert await taken(replay, 2) == [1, 2]
        await some(log, 6)
        with pytest.raises(StopAsyncIteration):
            await anext(replay)
        assert replay.ended is Ended.TOO_SLOW
    async with log.replay(2) as again:
        assert await taken(again, 7) == list(range(3, 10))


async def test_closing_ends_a_reader_that_waits_for_stored_or_live(log):
    async with log.replay(0) as replay:
        waiting = asyncio.create_task(anext(replay))
        await asyncio.sleep(0.05)
        log.broadcaster.close()
        with pytest.raises(StopAsyncIteration):
            await waiting
        assert replay.ended is Ended.STOPPED


async def test_no_gap_and_no_duplicate_while_events_keep_coming(log):
    chance = random.Random(4)
    total = 400
    done = asyncio.Event()

    async def write() -> None:
        while (left := total - (await Reader(log.database).bounds()).newest) > 0:
            await some(log, min(left, chance.randint(1, 9)))
        done.set()

    async def follow(after: int) -> list[int | Resync | None]:
        async with log.replay(after) as replay:
            return await taken(replay, total - after)

    writing = asyncio.create_task(write())
    followers = []
    while not done.is_set():
        newest = (await Reader(log.database).bounds()).newest
        followers.append((after := chance.randint(0, newest), asyncio.create_task(follow(after))))
        await asyncio.sleep(0.01)
    await writing
    assert len(followers) > 3
    for after, follower in followers:
        assert await follower == list(range(after + 1, total + 1))
