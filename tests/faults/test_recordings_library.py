"""Recordings that a crash cut off, and disks that are full, write-protected or unplugged: nothing is lost twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
import fcntl
import os
from pathlib import Path
import signal

import av
import pytest

from tests.support.ffmpeg import ffmpeg_child
from tests.support.footage import STREAM, film
from tests.support.leaks import no_leaks
from tests.support.mounts import disk, plugged_in, read_only, untouchable
from tests.support.recorded import at, fragmented_mp4, write_part, write_recording
from tests.support.rights import as_anybody
from tests.support.waiting import eventually
from tests.unit.store.heard import stream
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.errors import UnavailableError
from wallflower_sidecar.domain.health import HealthStatus
from wallflower_sidecar.domain.recordings import MARKER
from wallflower_sidecar.domain.streams import Recording, RecordingMode
from wallflower_sidecar.domain.transcripts import new_id
from wallflower_sidecar.processes.life import ChildSpec
from wallflower_sidecar.recordings import leftovers
from wallflower_sidecar.service import Service
from wallflower_sidecar.service.clips import Clips
from wallflower_sidecar.service.recordings import Recordings
from wallflower_sidecar.settings import load_settings
from wallflower_sidecar.store import Database, recordings as stored

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

MIB = 1024**2


class Shelves:
    """A service with its recordings, wired as the service wires them."""

    def __init__(self, service: Service, recordings: Recordings) -> None:
        self.service = service
        self.recordings = recordings

    async def starts(self) -> list[float]:
        """When each recording begins, oldest first, in seconds from `at(0)`."""
        items = (await self.recordings.list(limit=1000)).items
        return sorted((item.start - at(0)).total_seconds() for item in items)

    async def told(self) -> list[str]:
        page = await self.service.events.read_after(0, limit=1000, stream=None, types=())
        return [event.data["id"] for event in page.events if event.type == "recording.saved"]


@asynccontextmanager
async def shelves(folder: Path, root: Path, *, quiet_s: float = 45.0) -> AsyncIterator[Shelves]:
    settings = load_settings({"WALLFLOWER_DATA_DIR": str(folder / "data")}).settings
    clock = SystemClock()
    database = await Database.open(settings.sqlite_path, clock=clock)
    try:
        service = Service(settings, database, clock)
        recordings = Recordings(
            root,
            database,
            service.events,
            streams=service.streams,
            keep=lambda *_: None,
            clock=clock,
            quiet_s=quiet_s,
        )
        service.streams.follow_purges(recordings.purge)
        await recordings.prepare()
        intake = asyncio.create_task(recordings._intake.run())
        yield Shelves(service, recordings)
        intake.cancel()
        await asyncio.wait([intake])
    finally:
        await database.close()


@pytest.fixture(autouse=True)
def nothing_left():
    with no_leaks():
        yield


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Six seconds in fragments of one."""
    return fragmented_mp4(tmp_path_factory.mktemp("footage") / "whole.mp4").read_bytes()


def played_s(path: Path) -> float:
    """How many seconds of picture can be decoded, to the last frame without a fault."""
    with av.open(str(path)) as container:
        frames = [frame.time for frame in container.decode(video=0)]
    return frames[-1] - frames[0] + 0.1


async def test_what_a_crash_cut_off_is_finished_and_the_rest_is_cleared_away(
    tmp_path: Path, root: Path, footage: bytes
) -> None:
    whole = write_part(root, footage)
    cut = write_part(root, footage[: len(footage) * 2 // 3], 100)
    empty = write_part(root, b"", 200)
    header = write_part(root, footage[: footage.index(b"moof") - 4], 300)
    noise = write_part(root, os.urandom(100_000), 400)
    zeros = write_part(root, bytes(100_000), 500)
    clip = write_part(root, footage, 600, clip=new_id())
    for each in (whole, cut, empty, header, noise, zeros, clip):
        os.utime(each, (1_000_000_000, 1_000_000_000))

    async with shelves(tmp_path, root) as all_of:
        await all_of.service.streams.put(stream("porch"))
        await all_of.recordings.care.tend()
        await all_of.recordings.finish()
        first, second = reversed((await all_of.recordings.list()).items)
        paths = [await all_of.recordings.path_of(each.id) for each in (first, second)]

        assert await all_of.told() == [first.id, second.id]
        assert (first.start, second.start) == (at(0), at(100))
        assert first.bytes == len(footage)
        for item, path in zip((first, second), paths, strict=True):
            assert item.bytes == path.stat().st_size
            assert played_s(path) == pytest.approx((item.end - item.start).total_seconds(), abs=0.2)
        assert (first.end - first.start).total_seconds() == pytest.approx(6.0, abs=0.2)
        assert 2.5 <= (second.end - second.start).total_seconds() <= 5.0
    assert {path for path in root.rglob("*") if path.is_file()} == {*paths, root / MARKER}


async def test_a_recorder_that_is_killed_in_mid_write_loses_no_whole_fragment(tmp_path: Path, root: Path) -> None:
    part = write_part(root, b"")
    picture = ("-re", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10")
    coded = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-bf", "0", "-pix_fmt", "yuv420p")
    flags = ("-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-flush_packets", "1", "-f", "mp4")
    async with ffmpeg_child(*picture, *coded, *flags, str(part)) as recorder:
        await eventually(lambda: part.read_bytes().count(b"moof") >= 4, timeout_s=20)
        os.killpg(recorder.pid, signal.SIGKILL)
        await recorder.wait()
    part.write_bytes(part.read_bytes() + b"\0\0\1\0moof half of a box")
    fragments = part.read_bytes().count(b"moof") - 1

    async with shelves(tmp_path, root, quiet_s=0.0) as all_of:
        await all_of.recordings.care.tend()
        await all_of.recordings.finish()
        (item,) = (await all_of.recordings.list()).items
        path = await all_of.recordings.path_of(item.id)
    assert path.read_bytes().count(b"moof") >= fragments - 1
    assert played_s(path) == pytest.approx((item.end - item.start).total_seconds(), abs=0.2)


async def test_a_file_that_claims_to_last_for_days_lasts_one(
    tmp_path: Path, root: Path, footage: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_part(root, footage)
    monkeypatch.setattr(leftovers, "LONGEST", timedelta(seconds=2))  # six are in it
    async with shelves(tmp_path, root, quiet_s=0.0) as all_of:
        await all_of.recordings.care.tend()
        await all_of.recordings.finish()
        (item,) = (await all_of.recordings.list()).items
        assert item.end == at(2)


async def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path, root: Path, footage: bytes) -> None:
    async with shelves(tmp_path, root, quiet_s=3600.0) as all_of:
        part = write_part(root, footage)
        await all_of.recordings.care.tend()
        assert part.read_bytes() == footage
        assert await all_of.starts() == []


@pytest.mark.parametrize("fault", ["dies", "hangs"])
async def test_a_file_on_which_the_reader_fails_is_left_and_not_tried_again(
    tmp_path: Path, root: Path, footage: bytes, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = write_part(root, footage)
    if fault == "dies":
        monkeypatch.setattr(leftovers, "_READER", ChildSpec("leftovers", "this"))
    else:
        monkeypatch.setattr(leftovers, "MEND_S", 0.001)
    async with shelves(tmp_path, root, quiet_s=0.0) as all_of:
        await all_of.recordings.care.tend()
        assert part.read_bytes() == footage
        assert leftovers_of(all_of).abandoned(all_of.recordings.library.parts()) == []

    monkeypatch.undo()
    async with shelves(tmp_path, root, quiet_s=0.0) as all_of:
        await all_of.recordings.care.tend()
        await all_of.recordings.finish()
        assert await all_of.starts() == [0.0]


async def test_one_file_that_cannot_be_mended_holds_up_nothing(tmp_path: Path, root: Path, footage: bytes) -> None:
    stuck, empty, free = (
        write_part(root, content, at_s) for at_s, content in ((0, footage), (50, b""), (100, footage))
    )
    async with shelves(tmp_path, root, quiet_s=0.0) as all_of:
        age = SystemClock().now() - at(-500)
        await all_of.service.streams.put(stream("porch", recording=Recording(retain_days=age / timedelta(days=1))))
        write_recording(root, -1000)
        with untouchable(stuck, empty):
            await all_of.recordings.care.tend()
            await all_of.recordings.finish()
            assert await all_of.starts() == [100.0], "the one behind it is finished, and the old one is gone"
            assert all_of.recordings.care.retention.removed == {"age": 1}
            assert stuck.read_bytes() == footage
        assert not free.exists()
        assert {part.path for part in leftovers_of(all_of).abandoned(all_of.recordings.library.parts())} == set()


async def test_a_file_whose_recorder_hangs_is_not_taken_from_it(tmp_path: Path, root: Path, footage: bytes) -> None:
    part = write_part(root, footage[: len(footage) * 2 // 3])
    async with shelves(tmp_path, root, quiet_s=0.0) as all_of:
        with part.open("r+b") as recorder:
            fcntl.flock(recorder, fcntl.LOCK_EX)
            for _ in range(2):
                await all_of.recordings.care.tend()
            assert part.read_bytes() == footage[: len(footage) * 2 // 3]
        all_of.recordings.care.look_for_leftovers()
        await all_of.recordings.care.tend()
        await all_of.recordings.care.tend()
        await all_of.recordings.finish()
        assert await all_of.starts() == [0.0], "it was finished once its recorder was dead"


async def test_a_file_that_a_dead_recorder_finished_and_did_not_tell_of_is_taken_in(tmp_path: Path, root: Path) -> None:
    async with shelves(tmp_path, root) as all_of:
        await all_of.recordings.care.tend()
        write_recording(root)
        await all_of.recordings.care.tend()
        assert await all_of.starts() == []
        all_of.recordings.care.look_for_leftovers()
        await all_of.recordings.care.tend()
        assert await all_of.starts() == [0.0]


async def test_fragments_that_cannot_be_read_are_kept(tmp_path: Path, root: Path, footage: bytes) -> None:
    head, rest = footage[: footage.index(b"moof") - 4], footage[footage.index(b"moof") - 4 :]
    part = write_part(root, head.replace(b"avc1", b"\xff\xff\xff\xff").replace(b"trak", b"tr\xffk") + rest)
    async with shelves(tmp_path, root, quiet_s=0.0) as all_of:
        await all_of.recordings.care.tend()
        assert part.exists()
        assert await all_of.starts() == []


async def test_whole_fragments_that_yield_no_packet_are_kept(tmp_path: Path, root: Path, footage: bytes) -> None:
    damaged = footage.replace(b"traf", b"tr\xfff")
    part = write_part(root, damaged)
    async with shelves(tmp_path, root, quiet_s=0.0) as all_of:
        await all_of.recordings.care.tend()
        assert part.read_bytes() == damaged
        assert await all_of.starts() == []


async def test_files_that_cannot_be_removed_are_passed_over_and_named(tmp_path: Path, root: Path) -> None:
    async with shelves(tmp_path, root) as all_of:
        await all_of.service.streams.put(stream("porch", recording=Recording(retain_bytes=2 * MIB)))
        saved = [write_recording(root, 60 * number, size=MIB) for number in range(5)]
        with untouchable(saved[0].path, saved[1].path):
            await all_of.recordings.care.tend()
            assert await all_of.starts() == [0.0, 60.0], "what can be removed makes up for what cannot"
            check = all_of.recordings.check()
            assert (check.status, "2 old recordings" in check.detail) == (HealthStatus.DEGRADED, True)
            (item, *_) = (await all_of.recordings.list()).items
            with pytest.raises(UnavailableError, match="not permitted"):
                await all_of.recordings.delete(item.id)
            with pytest.raises(UnavailableError, match="not permitted"):
                await all_of.service.streams.delete("porch", purge=True)
            assert await all_of.starts() == [0.0, 60.0]


def leftovers_of(all_of: Shelves) -> leftovers.Leftovers:
    return all_of.recordings.care._leftovers


async def test_a_library_whose_database_is_lost_comes_back_with_its_ids(tmp_path: Path, root: Path) -> None:
    for number in range(3):
        write_recording(root, 60 * number)
    write_recording(root, 5, clip=new_id())
    async with shelves(tmp_path, root) as all_of:
        await all_of.recordings.care.tend()
        before = (await all_of.recordings.list()).items
    async with shelves(tmp_path / "another", root) as all_of:
        await all_of.recordings.care.tend()
        assert (await all_of.recordings.list()).items == before
    assert len(before) == 4


async def test_a_full_disk_is_given_room_by_the_oldest_and_says_when_it_cannot(tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as place:
        root = place / "recordings"
        async with shelves(tmp_path, root) as all_of:
            await all_of.service.streams.put(stream("porch", recording=Recording(RecordingMode.CONTINUOUS)))
            for number in range(19):
                write_recording(root, 60 * number, stream=("porch", "pool")[number % 2], size=MIB)
            await all_of.recordings.care.tend()
            assert await all_of.starts() == [60.0 * number for number in range(1, 19)]
            assert all_of.recordings.check().status is HealthStatus.OK
            assert all_of.recordings.care.retention.removed == {"space": 1}

            stuff = place / "somebody-elses"
            stuff.write_bytes(bytes(2 * MIB - 4096))
            await all_of.recordings.care.tend()
            assert await all_of.starts() == [60.0 * number for number in range(3, 19)]
            for file in root.rglob("*.mp4"):
                file.unlink()
            stuff.write_bytes(bytes(19 * MIB))
            all_of.recordings._shelf.stale = True
            await all_of.recordings.care.tend()
            check = all_of.recordings.check()
            assert (check.status, "nothing is left" in check.detail) == (HealthStatus.DEGRADED, True)
            stuff.unlink()
            await all_of.recordings.care.tend()
            assert all_of.recordings.check().status is HealthStatus.OK


async def test_a_disk_that_may_only_be_read_is_read(tmp_path: Path, footage: bytes) -> None:
    with disk(tmp_path / "disk") as place:
        root = place / "recordings"
        async with shelves(tmp_path, root, quiet_s=0.0) as all_of:
            await all_of.service.streams.put(stream("porch", recording=Recording(retain_bytes=1)))
            write_recording(root)
            part = write_part(root, footage, 100)
            with read_only(place):
                await all_of.recordings.care.tend()
                assert "cannot be written" in all_of.recordings.check().detail
                (item,) = (await all_of.recordings.list()).items
                assert len((await all_of.recordings.path_of(item.id)).read_bytes()) == 1000
                for refused in (
                    all_of.recordings.delete(item.id),
                    all_of.recordings.begin_clip("porch", at(0)),
                    all_of.service.streams.delete("porch", purge=True),
                ):
                    with pytest.raises(UnavailableError, match="Read-only"):
                        await refused
                assert part.exists()
            await all_of.recordings.care.tend()
            assert all_of.recordings.check().status is HealthStatus.OK
            assert not part.exists()
            assert list(root.rglob("*.mp4")) == [], "retention and leftovers go on by themselves"


async def test_what_is_rescued_counts_for_retention_at_once(tmp_path: Path, root: Path, footage: bytes) -> None:
    async with shelves(tmp_path, root, quiet_s=0.0) as all_of:
        await all_of.service.streams.put(stream("porch", recording=Recording(retain_bytes=1)))
        await all_of.recordings.care.tend()
        write_part(root, footage, 100)
        all_of.recordings.care.look_for_leftovers()
        await all_of.service.streams.put(stream("porch", recording=Recording(retain_bytes=2)))
        async with all_of.service._database.write():  # the row has to wait
            tending = asyncio.create_task(all_of.recordings.care.tend())
            await eventually(lambda: len(all_of.recordings._intake._waiting) == 1)
            await asyncio.wait([tending], timeout=0.3)
        await tending
        assert list(root.rglob("*.mp4")) == []


async def test_what_cannot_be_read_of_one_stream_keeps_nobody_from_the_others(
    tmp_path: Path, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with as_anybody():
        async with shelves(tmp_path, root) as all_of:
            for number, name in enumerate(("pool", "porch", "yard")):
                write_recording(root, 60 * number, stream=name)
            await all_of.recordings.care.tend()
            (root / "porch").chmod(0)
            (day,) = (root / "yard").iterdir()
            day.chmod(0)
            write_recording(root, 300, stream="pool")
            all_of.recordings._shelf.stale = True
            await all_of.recordings.care.tend()
            check = all_of.recordings.check()
            assert check.status is HealthStatus.DEGRADED
            assert "porch (Permission denied), yard (Permission denied)" in check.detail
            assert "The recordings of porch cannot be read" in caplog.text
            assert await all_of.starts() == [0.0, 60.0, 120.0, 300.0], "what cannot be read is not gone"
            await all_of.recordings.begin_clip("pool", at(0))

            (root / "porch").chmod(0o700)
            day.chmod(0o700)
            write_recording(root, 400, stream="porch")
            all_of.recordings.care._tidied_at = None
            await all_of.recordings.care.tend()
            await all_of.recordings.care.tend()
            assert all_of.recordings.check().status is HealthStatus.OK
            assert await all_of.starts() == [0.0, 60.0, 120.0, 300.0, 400.0]

            (root / "porch").chmod(0)
            with pytest.raises(UnavailableError, match="Permission denied"):
                await all_of.recordings.purge("porch")
            (root / "porch").chmod(0o700)


async def test_a_clip_that_cannot_be_kept_says_so_and_what_is_left_of_it_is_named(
    tmp_path: Path, root: Path, clip: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with as_anybody():
        async with shelves(tmp_path, root) as all_of:
            film(root, clip, count=1)
            await all_of.recordings.care.tend()
            clips = Clips(all_of.recordings, SystemClock(), tmp_path / "spare")
            cutting = asyncio.create_task(clips.run())
            cut = await clips.watch(STREAM, at(0), at(2))
            cut.path.parent.chmod(0o500)
            with pytest.raises(UnavailableError, match="cannot be kept"):
                await clips.keep(STREAM, at(0), at(2))
            cut.path.parent.chmod(0o700)
            cutting.cancel()
            await asyncio.wait([cutting])
    assert f"{cut.path.name}, cannot be removed (Permission denied)" in caplog.text


async def test_what_a_recorder_left_that_was_killed_while_it_tried_the_disk_goes_at_the_next_start(
    tmp_path: Path, root: Path
) -> None:
    write_recording(root)
    for name in (".try-17-139871", "porch/.try-18-139872", ".try-me", "porch/.try-18"):
        (root / name).write_bytes(bytes(64))
    async with shelves(tmp_path, root) as all_of:
        await all_of.recordings.care.tend()
    left = sorted(str(file.relative_to(root)) for file in root.rglob(".try-*"))
    assert left == [".try-me", "porch/.try-18"]


async def test_a_disk_that_is_unplugged_is_missed_not_replaced(tmp_path: Path) -> None:
    real, place = tmp_path / "real", tmp_path / "mnt"
    with disk(real):
        async with shelves(tmp_path, tmp_path / "none") as first:
            assert first.recordings.check().status is HealthStatus.OK
        with plugged_in(real, place):
            async with shelves(tmp_path, place) as all_of:
                write_recording(place)
                await all_of.recordings.care.tend()
        async with shelves(tmp_path, place) as all_of:  # a start without its disk
            await all_of.recordings.care.tend()
            assert "mounted" in all_of.recordings.check().detail
            assert list(place.iterdir()) == []
            assert await all_of.starts() == [0.0]
            with plugged_in(real, place):
                await all_of.recordings.care.tend()
                assert all_of.recordings.check().status is HealthStatus.OK
                (item,) = (await all_of.recordings.list()).items
                assert (await all_of.recordings.path_of(item.id)).exists()
            await all_of.recordings.care.tend()  # pulled out while running
            assert all_of.recordings.check().status is HealthStatus.DEGRADED
            assert await all_of.starts() == [0.0]
            with pytest.raises(UnavailableError, match="mounted"):
                await all_of.recordings.path_of(item.id)


async def test_rows_that_were_lost_come_back_while_it_runs(tmp_path: Path, root: Path) -> None:
    write_recording(root)
    async with shelves(tmp_path, root) as all_of:
        running = asyncio.create_task(all_of.recordings.run())
        await eventually(lambda: is_listed(all_of))
        async with all_of.service._database.write() as connection:
            await stored.purge(connection, "porch", at(0))
        running.cancel()
        await asyncio.wait([running])
    async with shelves(tmp_path, root) as all_of:
        running = asyncio.create_task(all_of.recordings.run())
        await eventually(lambda: is_listed(all_of))
        running.cancel()
        await asyncio.wait([running])


async def is_listed(all_of: Shelves) -> bool:
    return await all_of.starts() == [0.0]
