"""The rows of recordings: listed by overlap and page by page, bounded by their streams, forgotten with their events."""

from datetime import timedelta

import pytest

from tests.support.recorded import MORNING, at
from wallflower_sidecar.domain.documents import recording_item_document
from wallflower_sidecar.domain.errors import FieldError
from wallflower_sidecar.domain.events import EventType, NewEvent
from wallflower_sidecar.domain.recordings import LONGEST, RecordingItem, RecordingKind, RecordingName
from wallflower_sidecar.domain.streams import Recording
from wallflower_sidecar.domain.transcripts import new_id
from wallflower_sidecar.store import events, keeping, recordings, streams
from wallflower_sidecar.store.paging import Shown
from wallflower_sidecar.store.recordings import Located

from .heard import folder_holds, stream


def located(at_s, length_s=60.0, *, of="door", size=100, clip=None):
    name = RecordingName(of, at(at_s), at(at_s + length_s), clip)
    return Located(RecordingItem(name.id, of, name.start, at(at_s + length_s), size, name.kind), str(name.path))


async def put(database, *some):
    async with database.write() as connection:
        return await recordings.insert_new(connection, some)


async def listed(database, **query):
    async with database.read() as connection:
        return (await recordings.newest_first(connection, **query)).items


async def test_a_file_is_taken_in_once(database):
    one, two = located(0), located(60)
    assert await put(database, one) == 1
    assert await put(database, one, two) == 1
    assert await put(database) == 0
    assert await listed(database) == (two.item, one.item)
    async with database.read() as connection:
        assert await recordings.get(connection, one.item.id) == one
        assert await recordings.get(connection, new_id()) is None


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, [0, 60, 120]),
        (60, None, [60, 120]),
        (59.999, None, [0, 60, 120]),
        (None, 60, [0]),
        (None, 60.001, [0, 60]),
        (70, 80, [60]),
        (180, None, []),
        (None, 0, []),
    ],
)
async def test_what_overlaps_is_listed_and_found_for_a_clip(database, start, end, expected):
    await put(database, located(0), located(60), located(120), located(70, of="pool"))
    bounds = {"start": None if start is None else at(start), "end": None if end is None else at(end)}

    assert [item.start for item in await listed(database, stream="door", **bounds)] == [
        at(each) for each in reversed(expected)
    ]
    if start is not None and end is not None:
        async with database.read() as connection:
            found = await recordings.covering(connection, "door", bounds["start"], bounds["end"])
        assert [each.item.start for each in found] == [at(each) for each in expected]


async def test_the_longest_recording_is_found_by_its_last_moment(database):
    long = located(0, LONGEST.total_seconds())
    await put(database, long)
    assert await listed(database, start=long.item.end - timedelta(milliseconds=1)) == (long.item,)


async def test_clips_are_listed_but_no_source_of_clips(database):
    await put(database, located(0), located(0, clip=new_id()))
    assert {item.kind for item in await listed(database)} == {RecordingKind.SEGMENT, RecordingKind.CLIP}
    async with database.read() as connection:
        assert [each.item.kind for each in await recordings.covering(connection, "door", at(0), at(9))] == ["segment"]


async def test_pages_go_on_right_while_new_ones_arrive(database):
    await put(database, *(located(60 * number) for number in range(5)), located(0, of="pool"))
    seen = []
    cursor = None
    for number in range(10):
        async with database.read() as connection:
            page = await recordings.newest_first(connection, limit=2, cursor=cursor)
        seen += page.items
        await put(database, located(1000 + number))
        cursor = page.next
        if cursor is None:
            break
    assert [item.start for item in seen] == [at(each) for each in (240, 180, 120, 60, 0, 0)]
    assert len({item.id for item in seen}) == 6


async def test_a_cursor_of_another_list_is_refused(database):
    for cursor in (Shown(5, 0).encode(), "x"):
        with pytest.raises(FieldError):
            await listed(database, cursor=cursor)


async def test_a_stream_is_known_by_its_configuration_or_its_recordings(database):
    await put(database, located(0))
    async with database.write() as connection:
        await streams.save_stream(connection, stream("pool"))
        assert await recordings.has_stream(connection, "door")
        assert await recordings.has_stream(connection, "pool")
        assert not await recordings.has_stream(connection, "attic")


async def test_folders_are_found_by_their_files(database):
    day = 86_400
    clip = located(0, clip=new_id())
    await put(database, located(0), located(60), located(day), clip, located(0, of="door-2"), located(0, of="door_2"))
    async with database.read() as connection:
        assert sorted(await recordings.folders(connection)) == [
            "door-2/2026-11-22",
            "door/2026-11-22",
            "door/2026-11-23",
            "door/clips",
            "door_2/2026-11-22",
        ]
        assert await recordings.paths_in(connection, "door/2026-11-22") == {located(0).path, located(60).path}
        assert await recordings.paths_in(connection, "door/clips") == {clip.path}
        assert await recordings.paths_in(connection, "attic/clips") == set()


async def test_the_event_of_a_recording_is_forgotten_with_it(file_database):
    one, two = located(0), located(60)
    async with file_database.write() as connection:
        await recordings.insert_new(connection, [one, two])
        await events.append(
            connection,
            [
                NewEvent(EventType.RECORDING_SAVED, recording_item_document(each.item), at(0), "door", each.item.id)
                for each in (one, two)
            ],
        )
    async with file_database.erase() as connection:
        assert await recordings.forget(connection, [one.path, "door/2026-11-22/none"]) == 1
    async with file_database.read() as connection:
        page = await events.read_after(connection, 0, limit=9)
    assert [event.data["id"] for event in page.events] == [two.item.id]
    assert folder_holds(file_database, two.item.id)
    assert not folder_holds(file_database, one.item.id)


async def test_what_is_too_old_ended_or_was_kept_before(database):
    old, new = located(0), located(60)
    early, late = located(0, 5, clip=kept_at(at(50))), located(0, 5, clip=kept_at(at(100)))
    await put(database, new, late, old, early, located(0, of="pool"))
    async with database.read() as connection:
        due = await recordings.older_than(connection, "door", at(60.001))
    assert {each.path for each in due} == {old.path, early.path}


async def test_the_oldest_come_first_and_sums_are_by_stream(database):
    await put(database, located(60), located(0, of="pool", size=7), located(5, clip=new_id(), size=1000))
    async with database.read() as connection:
        segments = await recordings.oldest(connection, RecordingKind.SEGMENT)
        assert [each.item.stream for each in segments] == ["pool", "door"]
        assert [each.item.start for each in await recordings.oldest(connection, RecordingKind.CLIP, "door")] == [at(5)]
        assert await recordings.oldest(connection, RecordingKind.CLIP, "pool") == []
        assert await recordings.used_bytes(connection) == {"door": 1100, "pool": 7}


async def test_the_bounds_of_a_removed_stream_last_as_long_as_its_recordings(database):
    bounded = Recording(retain_days=3, retain_bytes=10**12)
    await put(database, located(0))
    async with database.write() as connection:
        await streams.save_stream(connection, stream(recording=bounded))
        await streams.save_stream(connection, stream("pool"))
        await streams.delete_stream(connection, "door")
        await streams.delete_stream(connection, "pool")
        await keeping.forget_bounds_of_none(connection)
        found = await keeping.recording_bounds(connection)
        assert found == {"door": Recording(retain_days=3, retain_bytes=10**12)}
        await recordings.forget(connection, [located(0).path])
        await keeping.forget_bounds_of_none(connection)
        assert await keeping.recording_bounds(connection) == {}


async def test_a_stream_that_comes_back_has_its_own_bounds(database):
    async with database.write() as connection:
        await streams.save_stream(connection, stream(recording=Recording(retain_days=3)))
        await streams.delete_stream(connection, "door")
        await streams.save_stream(connection, stream())
        assert (await keeping.recording_bounds(connection))["door"].retain_days is None
        await streams.delete_stream(connection, "door")
        assert await keeping.recording_bounds(connection) == {}


async def test_a_purge_takes_all_of_one_stream(database):
    await put(database, located(0), located(0, clip=new_id()), located(0, of="pool"))
    async with database.write() as connection:
        await streams.save_stream(connection, stream(recording=Recording(retain_days=3)))
        await streams.delete_stream(connection, "door")
        assert await recordings.purge(connection, "door", MORNING) == 2
        assert await keeping.recording_bounds(connection) == {}
    assert [item.stream for item in await listed(database)] == ["pool"]


async def test_a_root_is_remembered(database):
    async with database.write() as connection:
        assert not await recordings.is_known_root(connection, "/mnt/a")
        await recordings.note_root(connection, "/mnt/a", at(0))
        await recordings.note_root(connection, "/mnt/a", at(1))
        assert await recordings.is_known_root(connection, "/mnt/a")
        assert not await recordings.is_known_root(connection, "/mnt/b")


def kept_at(moment):
    millis = f"{int(moment.timestamp() * 1000):012x}"
    return f"{millis[:8]}-{millis[8:]}-7{new_id()[15:]}"
