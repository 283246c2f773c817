"""What is forgotten, with everything that repeats it, and what stays."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from wallflower_sidecar.domain.events import EventType, NewEvent
from wallflower_sidecar.store import events, streams, transcripts

from .heard import MORNING, at, delete, find, hit, keep, segment, stream


async def count(database, what):
    async with database.read() as connection:
        return (await connection.execute(text(f"SELECT count(*) FROM {what}"))).scalar()


async def replayed(database):
    async with database.read() as connection:
        return [
            (event.type, event.data.get("text"))
            for event in (await events.read_after(connection, 0, limit=1000)).events
        ]


async def tell(database, *new):
    async with database.write() as connection:
        await events.append(connection, new)


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ({"stream": "door"}, ["p10"]),
        ({"start": at(10)}, ["d0"]),
        ({"end": at(10)}, ["d20", "p10"]),
        ({"start": at(10), "end": at(20)}, ["d20", "d0"]),
        ({"stream": "door", "start": at(10)}, ["p10", "d0"]),
        ({"stream": "nobody"}, ["d20", "p10", "d0"]),
    ],
)
async def test_range_and_stream(database, query, left):
    heard = [segment("d0", at_s=0), segment("p10", at_s=10, stream="pool"), segment("d20", at_s=20)]
    await keep(database, *heard, hits=[hit(each) for each in heard])
    assert await delete(database, **query) == 3 - len(left)
    assert await find(database) == left
    assert await count(database, "hits") == len(left)
    assert sorted(text for _, text in await replayed(database)) == sorted(left * 2)
    for gone in {"d0", "p10", "d20"} - set(left):
        assert await find(database, q=gone) == []


async def test_forgotten_events_leave_their_numbers(database):
    await keep(database, segment("one"), segment("two", at_s=60))
    await delete(database, end=at(30))
    async with database.read() as connection:
        assert [event.id for event in (await events.read_after(connection, 0, limit=10)).events] == [2]
        assert (await events.bounds(connection)).oldest == 1


async def test_events_about_speech_go_with_their_time(database):
    def speech(seconds, name="door"):
        data = {"stream": name, "utterance": "u", "at": ""}
        return NewEvent(EventType.SPEECH_STARTED, data, at(seconds), name)

    changed = NewEvent(EventType.STREAM_CHANGED, {"id": "door"}, at(10), "door")
    await tell(database, speech(0), speech(10), speech(10, "pool"), speech(20), changed)
    await delete(database, stream="door", start=at(5), end=at(15))
    assert await count(database, "events WHERE data IS NULL") == 1
    assert EventType.STREAM_CHANGED in [kind for kind, _ in await replayed(database)]


async def test_a_hit_without_a_segment_goes_with_its_time(database):
    early = replace(hit(segment("help", at_s=10)), segment=None)
    async with database.write() as connection:
        await transcripts.insert_hits(connection, [early])
    await delete(database, start=at(11))
    assert await count(database, "hits") == 1
    await delete(database, start=at(10))
    assert await count(database, "hits") == 0


async def test_text_outlives_its_stream_unless_it_is_purged(database):
    removed = NewEvent(EventType.STREAM_REMOVED, {"stream": "door"}, MORNING, "door")
    changed = NewEvent(EventType.STREAM_CHANGED, {"id": "door"}, MORNING, "door")
    await keep(database, segment("hello"), segment("other", stream="pool"))
    await tell(database, changed)
    async with database.write() as connection:
        await streams.save_stream(connection, stream("door", retain_days=1))
        await streams.delete_stream(connection, "door")
    assert await find(database, q="hello") == ["hello"]

    async with database.erase() as connection:
        assert await transcripts.purge(connection, "door") == 1
        await events.append(connection, [removed])
    assert await find(database) == ["other"]
    assert [kind for kind, _ in await replayed(database)] == [EventType.TRANSCRIPT_FINAL, EventType.STREAM_REMOVED]
    assert await count(database, "former_streams") == 0


async def expire(database, now):
    async with database.erase() as connection:
        return await transcripts.expire(connection, now)


async def test_each_stream_forgets_after_its_own_time(database):
    async with database.write() as connection:
        await streams.save_stream(connection, stream("door", retain_days=1))
        await streams.save_stream(connection, stream("pool", retain_days=0.5))
        await streams.save_stream(connection, stream("hall"))
    for name in ("door", "pool", "hall"):
        await keep(database, segment(f"{name} old", stream=name), segment(f"{name} new", at_s=36_000, stream=name))
    assert await expire(database, MORNING + timedelta(hours=13)) == 1
    assert await expire(database, MORNING + timedelta(hours=25)) == 2
    assert set(await find(database)) == {"door new", "hall old", "hall new"}


async def test_retention_goes_on_for_a_removed_stream_until_it_comes_back(database):
    async with database.write() as connection:
        await streams.save_stream(connection, stream("door", retain_days=1))
        await streams.delete_stream(connection, "door")
    await keep(database, segment("old"), segment("new", at_s=36_000))
    assert await expire(database, MORNING + timedelta(hours=25)) == 1
    async with database.write() as connection:
        await streams.save_stream(connection, stream("door", retain_days=None))
    assert await expire(database, MORNING + timedelta(days=900)) == 0
    assert await find(database) == ["new"]


async def test_a_removed_stream_is_forgotten_with_its_last_text(database):
    async with database.write() as connection:
        await streams.save_stream(connection, stream("door", retain_days=1))
        await streams.delete_stream(connection, "door")
    await keep(database, segment("old"))
    await expire(database, MORNING + timedelta(days=2))
    assert await count(database, "former_streams") == 0
