"""Clips of what was really recorded, and cutters that die, hang or have no room: a sentence, and no file left."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
import os
from pathlib import Path
import signal
from typing import Any

import aiohttp
import psutil
import pytest

from tests.faults.recording_rig import new_root, recording
from tests.support.children import child_running, children_running
from tests.support.footage import STREAM, Filmed, film
from tests.support.leaks import no_leaks
from tests.support.mounts import breakable_disk, disk, read_only, untouchable
from tests.support.ports import free_port
from tests.support.recorded import MORNING, at
from tests.support.rtsp_camera import FakeCamera
from tests.support.sidecar import TOKEN, Sidecar, sidecar
from tests.support.waiting import eventually
from tests.support.watching import watch
from wallflower_sidecar.capture.messages import Recorded
from wallflower_sidecar.domain.clock import SystemClock, format_time
from wallflower_sidecar.domain.errors import NotFoundError, UnavailableError
from wallflower_sidecar.domain.recordings import MARKER, PART, RecordingName
from wallflower_sidecar.recordings import clip_cache
from wallflower_sidecar.recordings.clip_cache import ClipCache, Wanted
from wallflower_sidecar.recordings.clips import Cut, cut_clip
from wallflower_sidecar.recordings.cutter_messages import Source
from wallflower_sidecar.recordings.disk_threads import DiskThreads
from wallflower_sidecar.recordings.library import Library
from wallflower_sidecar.recordings.removals import Removals

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

MANY = 400


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    with no_leaks():
        yield


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return new_root(tmp_path)


def cutter(parent: int | None = None) -> psutil.Process | None:
    return child_running("recordings.cutter", parent)


def sources(files: list[Filmed]) -> list[Source]:
    return [Source(each.path, each.start.timestamp(), each.end.timestamp()) for each in files]


def film_for_long(root: Path, clip: Path, folder: Path) -> None:
    """Record for so long that a cutter has seconds of work; the files are one file many times."""
    one = film(folder, clip, count=1)[0]
    for number in range(MANY):
        path = root / RecordingName(STREAM, at(4.0 * number), at(4.0 * (number + 1))).path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.hardlink_to(one.path)


@asynccontextmanager
async def clips(root: Path) -> AsyncIterator[ClipCache]:
    cache = ClipCache(Library(root), DiskThreads(), SystemClock(), root.with_name(f"{root.name}-spare"))
    running = asyncio.create_task(cache.run())
    await eventually(lambda: cache._group is not None)
    try:
        yield cache
    finally:
        running.cancel()
        await asyncio.wait([running])
        assert not cached(root)


def cached(root: Path) -> list[Path]:
    return sorted((root / clip_cache.FOLDER).glob("*/*"))


async def half_cut(root: Path) -> psutil.Process:
    """Wait until a cutter is in the middle of its work."""
    await eventually(lambda: [each for each in cached(root) if each.stat().st_size > 0], timeout_s=20, interval_s=0.01)
    process = cutter()
    assert process is not None
    return process


async def test_a_clip_of_a_camera_spans_files_and_the_one_being_written(camera: FakeCamera, root: Path) -> None:
    async with recording(camera.url("porch"), root) as rec, clips(root) as cache:
        rec.continuous(segment_s=2.0)
        await rec.saved(2)
        await rec.written()
        first, second = rec.heard.of(Recorded)[-2:]
        begin_s, end_s = first.start + 0.7, second.end + 1.0
        clip = await cache.get(Wanted(STREAM, moment(begin_s), moment(end_s)))
        seen = watch(clip.path)
    assert clip.cut.start.timestamp() == pytest.approx(first.start, abs=0.01), "the key frame before"
    assert len(clip.sources.files) == 3
    assert second.end < clip.cut.end.timestamp() <= end_s + 0.1
    lasts_s = (clip.cut.end - clip.cut.start).total_seconds()
    assert seen.begins_with_key_frame
    assert seen.codecs == ("h264", "aac")
    assert len(seen.frames) == pytest.approx(15 * lasts_s, abs=2)
    assert seen.sound_s == pytest.approx(lasts_s, abs=0.3)
    assert seen.duration_s == pytest.approx(lasts_s, abs=0.3)
    assert seen.longest_step_s < 0.2


async def test_a_cutter_that_dies_in_the_middle_is_a_sentence(tmp_path: Path, root: Path, clip: Path) -> None:
    film_for_long(root, clip, tmp_path)
    async with clips(root) as cache:
        cutting = asyncio.create_task(cache.get(Wanted(STREAM, at(0), at(1600))))
        (await half_cut(root)).send_signal(signal.SIGSEGV)
        with pytest.raises(UnavailableError, match="SIGSEGV"):
            await cutting
        assert not cached(root)
        again = await cache.get(Wanted(STREAM, at(1), at(9)))
        assert watch(again.path).duration_s == pytest.approx(9, abs=0.3)


async def test_a_cutter_that_is_frozen_is_ended(tmp_path: Path, root: Path, clip: Path) -> None:
    film_for_long(root, clip, tmp_path)
    async with clips(root) as cache:
        cutting = asyncio.create_task(cache.get(Wanted(STREAM, at(0), at(1600))))
        (await half_cut(root)).suspend()
        with pytest.raises(UnavailableError, match="no heartbeat"):
            await cutting
        assert not cached(root)


async def test_a_cutter_that_gets_nowhere_is_ended(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "endless.mp4")
    endless = [Source(tmp_path / "endless.mp4", MORNING.timestamp(), at(60).timestamp())]
    with pytest.raises(UnavailableError, match="too long"):
        await cut_clip(
            endless,
            at(0),
            at(9),
            tmp_path / "clip.mp4",
            removals=Removals(DiskThreads()),
            clock=SystemClock(),
            stuck_s=2.0,
        )
    assert not (tmp_path / "clip.mp4").exists()


async def test_a_clip_that_nobody_waits_for_is_not_cut(tmp_path: Path, root: Path, clip: Path) -> None:
    film_for_long(root, clip, tmp_path)
    wanted = Wanted(STREAM, at(0), at(1600))
    async with clips(root) as cache:
        two = [asyncio.create_task(cache.get(wanted)) for _ in range(2)]
        process = await half_cut(root)
        two[0].cancel()
        await asyncio.wait(two[:1])
        assert process.is_running(), "somebody still waits"
        two[1].cancel()
        await eventually(lambda: not process.is_running() and not cached(root))
        assert await cache.get(Wanted(STREAM, at(0), at(9)))


async def test_who_asks_for_the_same_shares_one_cutter(tmp_path: Path, root: Path, clip: Path) -> None:
    film_for_long(root, clip, tmp_path)
    async with clips(root) as cache:
        asking = [asyncio.create_task(cache.get(Wanted(STREAM, at(0), at(400)))) for _ in range(5)]
        await half_cut(root)
        assert len(children_running("recordings.cutter")) == 1
        found = await asyncio.gather(*asking)
        assert len({each.path for each in found}) == 1
        assert len(cached(root)) == 1


async def test_no_more_than_two_cut_at_once_and_few_wait(tmp_path: Path, root: Path, clip: Path) -> None:
    film_for_long(root, clip, tmp_path)
    most = clip_cache.MOST_AT_ONCE + clip_cache.MOST_WAITING
    async with clips(root) as cache:
        asking = [asyncio.create_task(cache.get(Wanted(STREAM, at(n), at(n + 1500)))) for n in range(most)]
        await half_cut(root)
        with pytest.raises(UnavailableError, match="Too many"):
            await cache.get(Wanted(STREAM, at(99), at(100)))
        for _ in range(10):
            assert len(children_running("recordings.cutter")) <= clip_cache.MOST_AT_ONCE
            await asyncio.sleep(0.05)
        for each in asking:
            each.cancel()
        await asyncio.wait(asking)
        await eventually(lambda: not cached(root), timeout_s=10)
        assert await cache.get(Wanted(STREAM, at(0), at(9))), "the places are free again"


async def test_the_cache_is_bounded(root: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = film(root, clip, count=2)
    size = sum(each.path.stat().st_size for each in files)
    async with clips(root) as cache:
        monkeypatch.setattr(clip_cache, "MOST_KEPT", 2)
        for number in range(4):
            await cache.get(Wanted(STREAM, at(0), at(1 + number / 10)))
        assert len(cached(root)) == 2
        monkeypatch.setattr(clip_cache, "MOST_BYTES", size // 2)
        newest = await cache.get(Wanted(STREAM, at(0), at(8)))
        assert cached(root) == [newest.path], "the newest stays, however big it is"


async def test_what_is_cut_of_files_that_are_deleted_goes_too(
    root: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_cache, "_SWEEP_S", 0.1)
    files = film(root, clip, count=2)
    async with clips(root) as cache:
        await cache.get(Wanted(STREAM, at(0), at(6)))
        files[0].path.unlink()  # as retention does
        await eventually(lambda: not cached(root))


async def test_what_cannot_be_removed_is_not_forgotten_until_it_can(
    root: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_cache, "_SWEEP_S", 0.1)
    film(root, clip, count=1)
    async with clips(root) as cache:
        found = await cache.get(Wanted(STREAM, at(0), at(3)))
        with untouchable(found.path.parent):
            for _ in range(2):
                with pytest.raises(UnavailableError, match="removed yet"):
                    await cache.forget(STREAM)
            await cache.forget("garden")
        await eventually(lambda: not cached(root))
        await cache.forget(STREAM)


async def test_what_is_half_cut_and_cannot_be_removed_is_not_forgotten(tmp_path: Path, root: Path, clip: Path) -> None:
    film_for_long(root, clip, tmp_path)
    async with clips(root) as cache:
        cutting = asyncio.create_task(cache.get(Wanted(STREAM, at(0), at(1600))))
        await half_cut(root)
        with untouchable(root / clip_cache.FOLDER / STREAM):
            with pytest.raises(UnavailableError, match="removed yet"):
                await cache.forget(STREAM)
            assert cached(root)
        await cache.forget(STREAM)
        assert not cached(root)
        with pytest.raises(UnavailableError):
            await cutting


async def test_an_idle_clip_goes(root: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_cache, "_SWEEP_S", 0.1)
    monkeypatch.setattr(clip_cache, "IDLE_S", 0.3)
    film(root, clip, count=1)
    async with clips(root) as cache:
        await cache.get(Wanted(STREAM, at(0), at(3)))
        assert cached(root)
        await eventually(lambda: not cached(root))


async def test_a_file_removed_while_it_is_cut_is_left_out(tmp_path: Path, root: Path, clip: Path) -> None:
    film_for_long(root, clip, tmp_path)
    names = sorted((root / STREAM).glob("*/*.mp4"))
    async with clips(root) as cache:
        cutting = asyncio.create_task(cache.get(Wanted(STREAM, at(0), at(1600))))
        process = await half_cut(root)
        process.suspend()
        for path in names[MANY // 2 :]:
            path.unlink()
        process.resume()
        clip_found = await cutting
    assert 0 < (clip_found.cut.end - at(0)).total_seconds() < 1590


async def test_a_disk_without_room_is_told_before_anything_is_written(root: Path, clip: Path) -> None:
    with disk(root.parent / "small", mib=2) as small:
        (small / MARKER).touch()
        film(small, clip, count=2)
        async with clips(small) as cache:
            with pytest.raises(UnavailableError, match="no room"):
                await cache.get(Wanted(STREAM, at(0), at(8)))
            assert not cached(small)


@pytest.mark.parametrize("kilobytes", [0, 40, 150, 300, 320])
async def test_a_disk_that_gets_full_while_a_clip_is_cut(root: Path, clip: Path, kilobytes: int) -> None:
    files = film(root, clip, count=2)
    with disk(root.parent / "small", mib=1) as small:
        room = os.statvfs(small).f_bavail * os.statvfs(small).f_frsize
        (small / "taken").write_bytes(bytes(room - kilobytes * 1024))
        with pytest.raises(UnavailableError, match="no room"):
            await cut_clip(
                sources(files), at(0), at(8), small / "clip.mp4", removals=Removals(DiskThreads()), clock=SystemClock()
            )
        assert [each.name for each in small.iterdir()] == ["taken"]
        (small / "taken").unlink()
        cut: Cut = await cut_clip(
            sources(files), at(0), at(8), small / "clip.mp4", removals=Removals(DiskThreads()), clock=SystemClock()
        )
        assert watch(small / "clip.mp4").duration_s == pytest.approx(8, abs=0.2)
    assert cut.left_out == 0


async def test_a_folder_that_is_unplugged_is_a_sentence(root: Path, clip: Path) -> None:
    film(root, clip, count=1)
    async with clips(root) as cache:
        (root / MARKER).rename(root.parent / "away")
        with pytest.raises(UnavailableError, match="disk"):
            await cache.get(Wanted(STREAM, at(0), at(8)))
        (root.parent / "away").rename(root / MARKER)
        assert await cache.get(Wanted(STREAM, at(0), at(8)))


async def test_on_a_write_protected_disk_clips_go_elsewhere_and_nothing_stays(root: Path, clip: Path) -> None:
    with disk(root.parent / "small", mib=100) as small:
        (small / MARKER).touch()
        film(small, clip, count=1)
        async with clips(small) as cache:
            with read_only(small):
                found = await cache.get(Wanted(STREAM, at(0), at(8)))
                assert not found.path.is_relative_to(small)
                assert watch(found.path).duration_s > 3
                await cache.forget(STREAM)
                assert not found.path.exists()
            assert (await cache.get(Wanted(STREAM, at(0), at(8)))).path.is_relative_to(small)


async def test_on_a_disk_that_broke_clips_go_elsewhere_also_where_there_were_some(root: Path, clip: Path) -> None:
    place = root.parent / "broken"
    with breakable_disk(place, root.parent / "image", mib=100) as break_disk:
        (place / MARKER).touch()
        film(place, clip, count=1)
        async with clips(place) as cache:
            assert (await cache.get(Wanted(STREAM, at(0), at(4)))).path.is_relative_to(place)
            await cache.forget(STREAM)
            break_disk()
            assert not (await cache.get(Wanted(STREAM, at(0), at(8)))).path.is_relative_to(place)


async def test_a_segment_that_cannot_be_read_is_left_out_and_logged(
    root: Path, clip: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = film(root, clip, count=3)
    files[1].path.write_bytes(os.urandom(50_000))
    async with clips(root) as cache:
        found = await cache.get(Wanted(STREAM, at(0), at(12)))
        assert found.cut.left_out == 1
        assert watch(found.path).duration_s == pytest.approx(5.6, abs=0.2), (
            "the first file and what there is of the third"
        )
    assert files[1].path.name in caplog.text
    with pytest.raises(UnavailableError, match="cannot be read"):
        await cut_clip(
            sources(files[1:2]), at(4), at(8), root / "clip.mp4", removals=Removals(DiskThreads()), clock=SystemClock()
        )
    assert not (root / "clip.mp4").exists()


async def test_segments_that_hold_nothing_of_the_time(root: Path, clip: Path) -> None:
    # The name says an hour, four seconds of which are there.
    one = film(root, clip, count=1)[0]
    one.path.rename(root / RecordingName(STREAM, at(0), at(3600)).path)
    async with clips(root) as cache:
        with pytest.raises(NotFoundError):
            await cache.get(Wanted("nobody", at(0), at(8)))
        with pytest.raises(NotFoundError):
            await cache.get(Wanted(STREAM, at(1800), at(1900)))
        assert not cached(root)
        assert (await cache.get(Wanted(STREAM, at(3), at(1900)))).cut.end < at(5)


async def test_a_stop_in_the_middle_is_in_time_and_leaves_nothing(tmp_path: Path, clip: Path) -> None:
    async with recorded_sidecar(tmp_path, clip) as server:
        asking = asyncio.create_task(ask(server, 0, 1600))
        process = await eventually(lambda: cutter(server.process.pid), timeout_s=20)
        server.process.process.terminate()
        assert await server.process.ended(10) == 0, server.process.lines
        await asyncio.gather(asking, return_exceptions=True)
    assert not process.is_running()
    assert not cached(tmp_path / "data" / "recordings")
    assert not any("Traceback" in line for line in server.process.lines)


async def test_a_killed_sidecar_leaves_no_cutter_and_its_next_run_no_file(tmp_path: Path, clip: Path) -> None:
    root = tmp_path / "data" / "recordings"
    async with recorded_sidecar(tmp_path, clip) as server:
        asking = asyncio.create_task(ask(server, 0, 1600))
        await eventually(lambda: cached(root), timeout_s=20, interval_s=0.02)
        process = await eventually(lambda: cutter(server.process.pid), timeout_s=20)
        server.process.kill()
        await eventually(lambda: not process.is_running(), timeout_s=5)
        await asyncio.gather(asking, return_exceptions=True)
    async with sidecar(tmp_path / "data", free_port()) as server:
        assert not cached(root)
        status, raw = await ask(server, 1, 9)
        assert (status, raw[4:8]) == (200, b"ftyp")
        assert not list(root.glob(f"*/*/*{PART}"))


async def test_a_client_that_leaves_ends_the_cutter(tmp_path: Path, clip: Path) -> None:
    async with recorded_sidecar(tmp_path, clip) as server:
        asking = asyncio.create_task(ask(server, 0, 1600))
        process = await eventually(lambda: cutter(server.process.pid), timeout_s=20)
        asking.cancel()
        await asyncio.wait([asking])
        await eventually(lambda: not process.is_running(), timeout_s=5)
        assert (await ask(server, 1, 9))[0] == 200


async def test_a_dying_cutter_is_a_problem_document_for_who_keeps_a_clip(tmp_path: Path, clip: Path) -> None:
    async with recorded_sidecar(tmp_path, clip) as server:
        body = {"stream": STREAM, "from": format_time(at(0)), "to": format_time(at(1600))}
        keeping = asyncio.create_task(server.request("POST", "/clips", body, status=503))
        (await eventually(lambda: cutter(server.process.pid), timeout_s=20)).kill()
        assert (await keeping)["code"] == "unavailable"
        kept = await server.request("POST", "/clips", {**body, "to": format_time(at(8))}, status=201)
        assert kept["kind"] == "clip"
    assert len(list((tmp_path / "data" / "recordings" / STREAM / "clips").iterdir())) == 1


@asynccontextmanager
async def recorded_sidecar(folder: Path, clip: Path) -> AsyncIterator[Sidecar]:
    """A sidecar whose library holds a long recording of a camera that is switched off."""
    root = folder / "data" / "recordings"
    root.mkdir(parents=True)
    (root / MARKER).touch()
    film_for_long(root, clip, folder)
    async with sidecar(folder / "data", free_port()) as server:
        camera = {"name": "Porch", "url": "rtsp://127.0.0.1:1/porch", "enabled": False}
        await server.request("PUT", f"/streams/{STREAM}", camera, status=201)
        yield server


async def ask(server: Sidecar, begin_s: float, end_s: float) -> tuple[int, bytes]:
    """Ask for a clip of the long recording."""
    params: dict[str, Any] = {"stream": STREAM, "from": format_time(at(begin_s)), "to": format_time(at(end_s))}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{server.url}/api/v1/clips", params=params) as answer,
    ):
        return answer.status, await answer.read()


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
