"""Disks that are full, read-only, gone or hung: named, waited out, and never felt by the sound."""

import asyncio
from contextlib import contextmanager
import os
import shutil
import subprocess
import sys
import time

import pytest

from tests.faults.recording_rig import STREAM, check_names, new_root, play, recording
from tests.faults.session_rig import session_of
from tests.support.mounts import breakable_disk, untouchable
from tests.support.waiting import eventually
from wallflower_sidecar.capture.messages import Alive, Record, Recorded, SpeechEdge, Writing
from wallflower_sidecar.capture.recording import recorder, writer as recording_writer
from wallflower_sidecar.capture.recording.mp4_boxes import inspect
from wallflower_sidecar.domain.recordings import MARKER

pytestmark = pytest.mark.faults


def mount(*arguments):
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@contextmanager
def small_disk(folder, size):
    """A disk of its own, or a skipped test."""
    if not sys.platform.startswith("linux") or not mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)):
        pytest.skip("needs the right to mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder, "1m"):
        yield folder


@pytest.fixture
def root(tmp_path):
    return new_root(tmp_path)


async def test_a_full_disk_pauses_recording_alone_and_room_on_it_resumes_it(camera, disk):
    root = new_root(disk)
    filler = disk / "filler"
    filler.write_bytes(bytes(800_000))
    async with recording(camera.url("porch"), root) as rec:
        rec.continuous(segment_s=60.0)
        await rec.told(writing=False, code="disk_full")
        report = await rec.saved()
        assert play(root / report.path).damaged == 0
        lives = len(rec.heard.of(Alive))
        edges = len(rec.heard.of(SpeechEdge))
        await eventually(lambda: len(rec.heard.of(Alive)) > lives + 4, timeout_s=5)
        await eventually(lambda: len(rec.heard.of(SpeechEdge)) > edges, timeout_s=15)
        filler.unlink()
        freed = time.monotonic()
        await rec.told(writing=True, code=None)
        assert time.monotonic() - freed < 12
        assert rec.heard.session.recorder.dropped > 0
    reports = rec.heard.of(Recorded)
    check_names(root, reports)
    assert len(reports) == 2
    for report in reports:
        seen = play(root / report.path)
        assert seen.begins_with_key
        assert seen.damaged == 0


async def test_a_disk_below_the_floor_counts_as_full_before_it_is(camera, disk):
    root = new_root(disk)
    (disk / "filler").write_bytes(bytes(1_000_000))  # of 1 MiB; a twentieth of a small disk is its floor
    (disk / "filler").write_bytes(bytes(1_000_000))
    async with recording(camera.url("porch"), root) as rec:
        rec.heard.session.recorder._disks.floor_bytes = 2_000_000
        rec.keyword()
        await rec.told(writing=False, code="disk_full")
        assert [path.name for path in root.iterdir()] == [MARKER]


async def test_a_read_only_disk_is_an_error_until_it_can_be_written_again(camera, disk):
    root = new_root(disk)
    assert mount("-o", "remount,ro", str(disk))
    async with recording(camera.url("porch"), root) as rec:
        rec.continuous()
        await rec.told(writing=False, code="disk_error")
        assert mount("-o", "remount,rw", str(disk))
        await rec.told(writing=True, code=None)
        await rec.written()


async def test_a_disk_that_breaks_in_mid_write_is_named_once(camera, tmp_path, monkeypatch):
    monkeypatch.setattr(recording_writer, "LOOK_S", 0.5)
    with breakable_disk(tmp_path / "disk", tmp_path / "image") as break_disk:
        root = new_root(tmp_path / "disk")
        async with recording(camera.url("porch"), root) as rec:
            rec.continuous(segment_s=60.0)
            await rec.written()
            break_disk()
            await rec.told(writing=False, code="disk_error", timeout_s=7)
            told = len(rec.heard.of(Writing))
            lives = len(rec.heard.of(Alive))
            await eventually(lambda: len(rec.heard.of(Alive)) > lives + 8, timeout_s=10)
            assert len(rec.heard.of(Writing)) == told, "looking at it again and again is no news"
            (part,) = rec.parts
            assert play(part).damaged == 0


async def test_a_session_of_keywords_learns_of_a_broken_disk_before_a_hit(camera, tmp_path, monkeypatch):
    monkeypatch.setattr(recording_writer, "LOOK_S", 0.5)
    with breakable_disk(tmp_path / "disk", tmp_path / "image") as break_disk:
        root = new_root(tmp_path / "disk")
        async with recording(camera.url("porch"), root) as rec:
            rec.keyword()
            await rec.told(writing=False, code=None)
            break_disk()
            await rec.told(writing=False, code="disk_error")


async def test_a_folder_that_may_not_be_written_is_named_once_also_between_hits(camera, root, monkeypatch):
    monkeypatch.setattr(recording_writer, "LOOK_S", 0.5)
    folder = root / STREAM
    folder.mkdir()
    with untouchable(folder):
        async with recording(camera.url("porch"), root) as rec:
            rec.keyword()
            await rec.held(2)
            hit = time.time()
            rec.keep(hit - 1, hit + 1)
            await rec.told(writing=False, code="disk_error")
            told = len(rec.heard.of(Writing))
            lives = len(rec.heard.of(Alive))
            await eventually(lambda: len(rec.heard.of(Alive)) > lives + 8, timeout_s=10)
            assert len(rec.heard.of(Writing)) == told


async def test_a_session_of_keywords_says_at_once_that_its_disk_is_well(camera, root):
    async with recording(camera.url("porch"), root) as rec:
        rec.keyword()
        assert await rec.heard.first(Writing) == Writing(1, writing=False, code=None)


async def test_an_unplugged_disk_is_noticed_and_nothing_is_written_in_its_place(camera, disk, monkeypatch):
    monkeypatch.setattr(recording_writer, "LOOK_S", 1.0)
    root = new_root(disk)
    async with recording(camera.url("porch"), root) as rec:
        rec.continuous(segment_s=60.0)
        await rec.written()
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
        await rec.told(writing=False, code="disk_error", timeout_s=7)
        assert not root.exists()
        root.mkdir()  # the folder below the mount point
        await eventually(lambda: rec.heard.session.recorder.dropped > 60, timeout_s=10)
        assert not list(root.iterdir())
        (root / MARKER).touch()
        await rec.told(writing=True, code=None)


async def test_a_folder_that_is_removed_under_the_open_file_costs_that_file(camera, root, monkeypatch):
    monkeypatch.setattr(recording_writer, "LOOK_S", 1.0)
    async with recording(camera.url("porch"), root) as rec:
        rec.continuous(segment_s=60.0)
        await rec.written()
        shutil.rmtree(root / STREAM)
        await rec.told(writing=False, code="disk_error", timeout_s=7)
        await rec.told(writing=True, code=None)
        await rec.written()
    check_names(root, rec.heard.of(Recorded))


async def test_a_hung_disk_holds_up_neither_the_sound_nor_the_end_and_gets_one_thread_alone(
    camera, root, monkeypatch, caplog
):
    monkeypatch.setattr(recording_writer, "LOOK_S", 1.0)
    monkeypatch.setattr(recorder, "HUNG_S", 2.0)
    async with recording(camera.url("porch"), root) as rec:
        disks = rec.heard.session.recorder._disks
        rec.continuous(segment_s=60.0)
        await rec.written()
        (root / MARKER).unlink()
        os.mkfifo(root / MARKER)  # whoever opens it waits in the kernel
        await rec.told(writing=False, code="disk_error", timeout_s=10)
        lives = len(rec.heard.of(Alive))
        await eventually(lambda: len(rec.heard.of(Alive)) > lives + 4, timeout_s=5)
        rec.heard.session.close()
        began = time.monotonic()
        await rec.heard.end(timeout_s=6)
        assert time.monotonic() - began < 5
    assert disks.is_stuck(str(root), STREAM)
    assert "did not take the end" in caplog.text
    (part,) = rec.parts
    assert play(part).damaged == 0
    async with session_of(camera.url("porch")) as second:
        second.session.recorder._disks = disks
        second.session.recorder.obey(Record(1, str(root), STREAM, "continuous", 0.0, 4.0))
        assert await second.first(Writing) == Writing(1, writing=False, code="disk_error")
        assert second.session.recorder._thread is None
        pipe = await asyncio.to_thread(os.open, root / MARKER, os.O_WRONLY)
        (root / MARKER).unlink()
        (root / MARKER).touch()
        os.close(pipe)  # lets the first one go on
        await eventually(lambda: second.of(Writing)[-1].writing, timeout_s=10)
    assert len(rec.heard.of(Recorded)) == 1
    assert play(rec.heard.of(Recorded)[0].path).damaged == 0


async def test_a_disk_that_hangs_for_a_while_costs_what_the_queue_does_not_hold(camera, root, monkeypatch, caplog):
    monkeypatch.setattr(recording_writer, "LOOK_S", 1.0)
    async with recording(camera.url("porch"), root) as rec:
        rec.heard.session.recorder._queue._max_s = 2.0
        rec.continuous(segment_s=60.0)
        await rec.written()
        (root / MARKER).unlink()
        os.mkfifo(root / MARKER)
        await eventually(lambda: rec.heard.session.recorder.dropped > 30, timeout_s=15)
        pipe = await asyncio.to_thread(os.open, root / MARKER, os.O_WRONLY)
        (root / MARKER).unlink()
        (root / MARKER).touch()
        os.close(pipe)
        await rec.saved()  # cut where packets are missing
        await rec.written()
    reports = rec.heard.of(Recorded)
    check_names(root, reports)
    assert len(reports) == 2
    assert reports[1].start - reports[0].start > 4
    assert caplog.text.count("the disk does not keep up") == 1
    for report in reports:
        seen = play(report.path)
        assert seen.begins_with_key
        assert seen.upward
        assert seen.damaged == 0


async def test_a_hit_while_the_disk_is_away_is_written_from_memory_when_it_is_back(camera, root):
    async with recording(camera.url("porch"), root) as rec:
        rec.keyword()
        await rec.held(2)
        (root / MARKER).unlink()
        await rec.told(writing=False, code="disk_error")
        hit = time.time()
        rec.keep(hit - 1, hit + 2)
        await eventually(lambda: time.time() > hit + 4, timeout_s=6)
        (root / MARKER).touch()
        report = await rec.saved()
        await rec.told(writing=False, code=None)
    assert report.start <= hit + 0.3
    assert report.end >= hit + 2 - 0.3
    assert play(report.path).damaged == 0
    assert inspect(root / report.path).bytes == report.bytes
