"""Recordings: rows follow files, files go when due, and a folder that is gone is never taken for an empty one."""

import asyncio
from dataclasses import replace
from datetime import timedelta
import os
from pathlib import Path

import pytest

from tests.support.recorded import at, write_part, write_recording
from tests.support.waiting import eventually
from tests.unit.store.heard import folder_holds, stream
from wallflower_sidecar.domain.documents import recording_item_document
from wallflower_sidecar.domain.errors import NotFoundError, UnavailableError
from wallflower_sidecar.domain.health import HealthStatus
from wallflower_sidecar.domain.keywords import Rule
from wallflower_sidecar.domain.recordings import MARKER, RecordingKind, RecordingName, SavedFile
from wallflower_sidecar.domain.streams import Recording, RecordingMode
from wallflower_sidecar.domain.transcripts import new_id
from wallflower_sidecar.recordings.library import Condition, FolderState
from wallflower_sidecar.service import write_queue
from wallflower_sidecar.service.recording_shelf import located
from wallflower_sidecar.service.recordings import Recordings
from wallflower_sidecar.store import recordings as stored

from .probing import told, write_protected, writer_taken

CONTINUOUS = Recording(RecordingMode.CONTINUOUS)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "disk" / "recordings"


@pytest.fixture
def kept():
    return []


@pytest.fixture
async def recordings(service, database, clock, root, kept):
    """Wired as the service wires it, its intake running."""
    recordings = Recordings(
        root,
        database,
        service.events,
        streams=service.streams,
        keep=lambda *order: kept.append(order),
        clock=clock,
    )
    service.transcripts.follow(recordings.hits_found)
    service.streams.follow_purges(recordings.purge)
    await recordings.prepare()
    intake = asyncio.create_task(recordings._intake.run())
    yield recordings
    intake.cancel()
    await asyncio.wait([intake])


async def listed(recordings, **query):
    return [item.start for item in (await recordings.list(**query)).items]


async def saved_events(service):
    return [event for event in await told(service) if event.type == "recording.saved"]


async def test_a_saved_file_is_listed_and_told(service, recordings, root):
    await service.streams.put(stream("porch"))
    file = write_recording(root)
    recordings.saved("porch", file)
    await recordings.finish()

    (item,) = (await recordings.list(stream="porch")).items
    assert (item.start, item.end, item.bytes, item.kind) == (file.start, file.end, 1000, RecordingKind.SEGMENT)
    assert await recordings.get(item.id) == item
    assert await recordings.path_of(item.id) == file.path
    (event,) = await saved_events(service)
    assert (event.stream, event.data) == ("porch", recording_item_document(item))


async def test_a_file_of_a_removed_stream_is_kept_but_not_told(service, recordings, root):
    recordings.saved("porch", write_recording(root))
    await recordings.finish()
    assert await listed(recordings, stream="porch") == [at(0)]
    assert await saved_events(service) == []


async def test_a_file_that_nobody_told_of_is_found_within_an_hour(recordings, root, clock):
    await recordings.care.tend()
    write_recording(root)
    clock.at += timedelta(minutes=59)
    await recordings.care.tend()
    assert await listed(recordings) == []
    clock.at += timedelta(minutes=1)
    await recordings.care.tend()
    assert await listed(recordings) == [at(0)]


async def test_a_file_outside_of_the_library_is_refused_and_counted(recordings, root, tmp_path, caplog):
    inside = write_recording(root)
    for file in (
        SavedFile("porch", tmp_path / "x.mp4", at(0), at(1), 1),
        replace(inside, stream="pool"),
        replace(inside, path=write_part(root, b"")),
    ):
        recordings.saved(file.stream, file)
    await recordings.finish()
    assert recordings._intake.dropped == 3
    assert await listed(recordings) == []
    assert "does not know" in caplog.text


async def test_while_the_database_cannot_be_written_files_wait_in_order(
    service, recordings, database, root, monkeypatch
):
    monkeypatch.setattr(write_queue, "RETRY_S", 0.02)
    await service.streams.put(stream("porch"))
    async with write_protected(database):
        for number in range(3):
            recordings.saved("porch", write_recording(root, 60 * number))
        await asyncio.sleep(0.1)
        assert await listed(recordings) == []
    await eventually(recordings._intake._waiting._idle.is_set)
    assert await listed(recordings) == [at(120), at(60), at(0)]
    assert [event.data["start"][14:16] for event in await saved_events(service)] == ["20", "21", "22"]


async def test_more_files_than_may_wait_are_found_on_disk_again(recordings, database, root):
    recordings._intake._waiting._bound = 2
    async with writer_taken(database):
        for number in range(5):
            recordings.saved("porch", write_recording(root, 60 * number))
    assert recordings._intake.dropped == 3
    await recordings.finish()
    await recordings.care.tend()
    assert len(await listed(recordings)) == 5


async def test_what_the_database_refuses_is_looked_for_on_disk_again(recordings, database, root):
    async with database.write() as connection:
        await connection.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON recordings BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    recordings.saved("porch", write_recording(root))
    await recordings.finish()
    assert recordings._intake.dropped == 1
    async with database.write() as connection:
        await connection.exec_driver_sql("DROP TRIGGER broken")
    await recordings.care.tend()
    assert await listed(recordings) == [at(0)]


async def test_rows_follow_the_files(recordings, database, root):
    files = [write_recording(root, 60 * number) for number in range(3)]
    clip = write_recording(root, 5, length_s=9, clip=new_id())
    far = write_recording(root, 86_400, stream="pool")
    await recordings.care.tend()
    before = (await recordings.list()).items
    assert len(before) == 5

    async with database.write() as connection:
        await stored.forget(connection, [str(files[0].path.relative_to(root)), str(clip.path.relative_to(root))])
    files[1].path.unlink()
    far.path.unlink()
    far.path.parent.rmdir()
    far.path.parent.parent.rmdir()
    recordings._shelf.stale = True
    await recordings.care.tend()

    gone = {files[1].start, far.start}
    assert (await recordings.list()).items == tuple(item for item in before if item.start not in gone), "with their ids"


async def test_a_folder_that_vanished_is_not_made_again_and_loses_no_row(recordings, root):
    write_recording(root)
    await recordings.care.tend()
    away = root.rename(root.with_name("away"))
    for _ in range(2):
        await recordings.care.tend()
        assert recordings.check().status is HealthStatus.DEGRADED
        assert "mounted" in recordings.check().detail
        assert not root.exists()
    (item,) = (await recordings.list()).items
    with pytest.raises(UnavailableError, match="mounted"):
        await recordings.path_of(item.id)
    with pytest.raises(UnavailableError, match="mounted"):
        await recordings.delete(item.id)
    with pytest.raises(UnavailableError):
        await recordings.begin_clip("porch", at(0))

    write_recording(away, 60)
    away.rename(root)
    await recordings.care.tend()
    assert recordings.check().status is HealthStatus.OK
    assert await listed(recordings) == [at(60), at(0)]


async def test_the_empty_mount_point_below_is_no_library(recordings, root):
    write_recording(root)
    await recordings.care.tend()
    root.rename(root.with_name("away"))
    root.mkdir()
    await recordings.care.tend()
    assert recordings.check().status is HealthStatus.DEGRADED
    assert list(root.iterdir()) == []
    (root / MARKER).touch()  # as the sentence says
    await recordings.care.tend()
    assert recordings.check().status is HealthStatus.OK
    assert await listed(recordings) == []


async def test_a_folder_that_cannot_be_made_is_named_and_tried_again(recordings, service, database, clock, tmp_path):
    (tmp_path / "file").touch()
    other = Recordings(
        tmp_path / "file" / "recordings", database, service.events, streams=service.streams, keep=print, clock=clock
    )
    await other.prepare()
    await other.care.tend()
    assert "Not a directory" in other.check().detail
    (tmp_path / "file").unlink()
    await other.care.tend()
    assert other.check().status is HealthStatus.OK


async def test_a_deleted_recording_is_in_no_file_and_whoever_plays_it_goes_on(service, recordings, database, root):
    await service.streams.put(stream("porch"))
    file = write_recording(root)
    recordings.saved("porch", file)
    await recordings.finish()
    (item,) = (await recordings.list()).items
    with file.path.open("rb") as playing:
        await recordings.delete(item.id)
        assert len(playing.read()) == 1000
    assert not file.path.exists()
    assert not folder_holds(database, item.id)
    for ask in (recordings.get, recordings.path_of, recordings.delete):
        with pytest.raises(NotFoundError):
            await ask(item.id)
    assert await saved_events(service) == []


async def test_a_file_that_somebody_removed_is_not_found_and_its_row_goes(recordings, root):
    file = write_recording(root)
    await recordings.care.tend()
    (item,) = (await recordings.list()).items
    file.path.unlink()
    with pytest.raises(NotFoundError, match="file"):
        await recordings.path_of(item.id)
    await recordings.care.tend()
    assert await listed(recordings) == []


async def test_what_cannot_be_written_after_its_file_went_is_put_right(recordings, database, root):
    write_recording(root)
    await recordings.care.tend()
    (item,) = (await recordings.list()).items
    async with write_protected(database):
        with pytest.raises(UnavailableError):
            await recordings.delete(item.id)
    await recordings.care.tend()
    assert await listed(recordings) == []


async def test_an_unknown_stream_cannot_be_listed(recordings):
    with pytest.raises(NotFoundError):
        await recordings.list(stream="attic")


async def test_what_is_too_old_goes_and_a_clip_counts_from_when_it_was_kept(service, recordings, clock, root):
    await service.streams.put(stream("porch", recording=Recording(retain_days=1)))
    clock.at = at(86_400 + 100)
    write_recording(root, 0)
    write_recording(root, 60)
    write_recording(root, 0, stream="pool")
    write_recording(root, 0, length_s=5, clip=new_id())  # kept just now, by the real clock
    await recordings.care.tend()
    kept = [(item.stream, item.start, item.kind.value) for item in (await recordings.list(limit=9)).items]
    assert sorted(kept) == [
        ("pool", at(0), "segment"),
        ("porch", at(0), "clip"),
        ("porch", at(60), "segment"),
    ]
    assert recordings.care.retention.removed == {"age": 1}
    assert len(list((root / "porch" / "2026-11-22").iterdir())) == 1


async def test_the_bounds_of_a_removed_stream_go_on(service, recordings, clock, root):
    await service.streams.put(stream("porch", recording=Recording(retain_days=1)))
    write_recording(root)
    await recordings.care.tend()
    await service.streams.delete("porch", purge=False)
    assert await listed(recordings, stream="porch") == [at(0)]
    clock.at = at(86_400 + 61)
    await recordings.care.tend()
    assert await listed(recordings) == []
    assert not (root / "porch").exists()


async def test_over_its_bytes_the_oldest_of_a_stream_go_and_clips_last(service, recordings, root):
    await service.streams.put(stream("porch", recording=Recording(retain_bytes=2500)))
    write_recording(root, -100, length_s=5, clip=new_id())
    for number in range(4):
        write_recording(root, 60 * number)
    write_recording(root, -1000, stream="pool", size=100_000)
    await recordings.care.tend()
    assert await listed(recordings, stream="porch") == [at(180), at(-100)]
    assert await listed(recordings, stream="pool") == [at(-1000)]

    await service.streams.patch("porch", lambda known: replace(known, recording=Recording(retain_bytes=500)))
    await recordings.care.tend()
    assert await listed(recordings, stream="porch") == []
    assert recordings.care.retention.removed == {"bytes": 5}


async def test_for_room_the_oldest_segments_of_all_go_and_clips_stay(service, recordings, root):
    await service.streams.put(stream("porch", recording=CONTINUOUS))
    write_recording(root, -500, length_s=5, clip=new_id())
    write_recording(root, 0, stream="pool")
    write_recording(root, 60)
    write_recording(root, 120, stream="pool")
    open_file = write_part(root, b"x" * 1000, -900)
    await recordings.care.tend()

    await recordings.care.retention.make_room(Condition(FolderState.READY, free=8500, total=100_000))
    assert await listed(recordings) == [at(120), at(-500)]
    assert not recordings.care.retention.exhausted
    for _ in range(2):
        await recordings.care.retention.make_room(Condition(FolderState.READY, free=0, total=100_000))
    assert await listed(recordings) == [at(-500)]
    assert recordings.care.retention.exhausted
    assert open_file.exists()
    assert recordings.care.retention.removed == {"space": 3}

    recordings.care.condition = Condition(FolderState.READY, free=0, total=100_000)
    assert "nothing is left" in recordings.check().detail
    await service.streams.patch("porch", lambda known: replace(known, recording=Recording()))
    assert recordings.check().status is HealthStatus.OK, "nobody records"
    await recordings.care.retention.make_room(Condition(FolderState.READY, free=100_000, total=100_000))
    assert not recordings.care.retention.exhausted


async def test_a_purged_stream_leaves_nothing(service, recordings, database, root):
    await service.streams.put(stream("porch", recording=Recording(retain_days=1)))
    for file in (write_recording(root), write_recording(root, clip=new_id())):
        recordings.saved("porch", file)
    await recordings.finish()
    ids = [item.id for item in (await recordings.list()).items]
    write_part(root, b"x" * 100, 60)
    async with writer_taken(database):
        recordings.saved("porch", write_recording(root, 120))  # waits while the purge begins
        purging = asyncio.create_task(service.streams.delete("porch", purge=True))
        await asyncio.sleep(0.05)
    await purging

    assert not (root / "porch").exists()
    assert await listed(recordings) == []
    assert not [name for recording_id in ids for name in folder_holds(database, recording_id)]
    write_part(root, b"x" * 100, 180)  # a session that ended late
    await recordings.care.tend()
    assert not (root / "porch").exists()


async def test_a_purge_with_the_disk_unplugged_takes_the_removal_back(service, recordings, root):
    await service.streams.put(stream("porch"))
    await service.streams.put(stream("pool"))
    write_recording(root)
    await recordings.care.tend()
    away = root.rename(root.with_name("away"))
    await recordings.care.tend()
    with pytest.raises(UnavailableError, match="mounted"):
        await service.streams.delete("porch", purge=True)
    assert service.streams.find("porch") is not None
    await service.streams.delete("pool", purge=True)  # nothing of it was ever recorded

    away.rename(root)
    await service.streams.delete("porch", purge=True)
    await recordings.care.tend()
    assert await listed(recordings) == []


async def test_files_of_a_purged_stream_that_come_back_are_removed_before_they_are_seen(service, recordings, root):
    await service.streams.put(stream("porch"))
    away = root.with_name("away")
    root.rename(away)
    await recordings.care.tend()
    await service.streams.delete("porch", purge=True)  # nobody knows of its files
    write_recording(away, -60)
    neighbour = write_recording(away, -120, stream="pool")
    await service.streams.put(stream("porch"))
    away.rename(root)
    await recordings.care.tend()
    assert [path.name for path in root.rglob("*.mp4")] == [neighbour.path.name]
    assert [item.stream for item in (await recordings.list()).items] == ["pool"]


async def test_a_recording_deleted_while_it_waits_to_be_told_does_not_come_back(recordings, database, root):
    file = write_recording(root)
    await recordings.care.tend()
    (item,) = (await recordings.list()).items
    async with writer_taken(database):
        recordings.saved("porch", file)
        deleting = asyncio.create_task(recordings.delete(item.id))
        await asyncio.sleep(0.05)
    await deleting
    await recordings.finish()
    assert await listed(recordings) == []


async def test_what_surrounds_a_hit_is_kept(service, recordings, kept, clock):
    rule = Rule("sos", "sos", ("help",))
    await service.streams.put(stream("porch", keywords=(rule,), recording=Recording(pre_s=7, post_s=11)))
    porch = service.streams.get("porch")
    await service.transcripts.simulate(porch, "nothing", 1.0, store=True)
    await service.transcripts.simulate(porch, "help", 1.0, store=False)
    assert kept == []
    await service.transcripts.simulate(porch, "help", 1.0, store=True)
    now = clock.now()
    assert kept == [("porch", now - timedelta(seconds=7), now + timedelta(seconds=11))]


async def test_a_clip_is_kept_under_its_own_id(service, recordings, root):
    await service.streams.put(stream("porch"))
    name, path = await recordings.begin_clip("porch", at(3))
    path.write_bytes(b"clip")
    item = await recordings.add_clip(name, at(9))
    assert (item.id, item.kind, item.start, item.end, item.bytes) == (name.id, RecordingKind.CLIP, at(3), at(9), 4)
    assert (await recordings.path_of(item.id)).read_bytes() == b"clip"
    assert [event.data["kind"] for event in await saved_events(service)] == ["clip"]
    recordings._shelf.stale = True
    await recordings.care.tend()
    assert (await recordings.list()).items == (item,)


async def test_a_disk_that_does_not_answer_is_named_and_asked_again(recordings, root, monkeypatch):
    write_recording(root)
    await recordings.care.tend()
    (item,) = (await recordings.list()).items
    hangs = root / "hangs"
    os.mkfifo(hangs)
    disk = recordings._shelf.disk
    monkeypatch.setattr(disk, "_answer_s", 0.05)
    with pytest.raises(TimeoutError):
        await disk.call(hangs.read_bytes)
    await recordings.care.tend()
    assert "timed out" in recordings.check().detail
    for refused in (recordings.path_of(item.id), recordings.delete(item.id), recordings.begin_clip("porch", at(0))):
        with pytest.raises(UnavailableError, match="does not answer"):
            await refused
    monkeypatch.undo()
    hangs.write_bytes(b"back")
    await eventually(lambda: not disk.stuck)
    await recordings.care.tend()
    assert recordings.check().status is HealthStatus.OK
    assert await listed(recordings) == [at(0)]


async def test_it_runs_until_cancelled_and_looks_at_once(recordings, root):
    write_recording(root)
    running = asyncio.create_task(recordings.run())
    await eventually(lambda: listed(recordings))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_name_without_an_end_is_no_row():
    with pytest.raises(ValueError, match="unfinished"):
        located(RecordingName("porch", at(0)), 1)
