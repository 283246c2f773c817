"""One file on a disk: never over another, gone back to what is whole, in its place under its name."""

from datetime import timedelta
import errno
import os
import resource
from types import SimpleNamespace

import pytest

from tests.unit.capture.hand_clock import START
from wallflower_sidecar.capture.recording.disk import (
    FLOOR_BYTES,
    PartFile,
    RecordingDisks,
    check_disk,
    fault_code,
)
from wallflower_sidecar.domain.recordings import MARKER, RecordingName

NAME = RecordingName("porch", START)


@pytest.fixture
def root(tmp_path):
    (tmp_path / MARKER).touch()
    return tmp_path


def test_a_finished_file_has_its_last_name_and_what_was_written(root):
    part = PartFile(root, NAME)
    assert part.path.name == "20261122T070000.000Z.mp4.part"
    part.write(b"head")
    part.write(b"tail")
    name = part.finish(START + timedelta(seconds=2))
    part.close()
    assert (root / name.path).name == "20261122T070000.000Z_2000.mp4"
    assert (root / name.path).read_bytes() == b"headtail"
    assert not part.path.exists()


def test_no_file_takes_the_name_of_another_finished_or_not(root):
    first = PartFile(root, NAME)
    second = PartFile(root, NAME)
    assert second.name.start == START + timedelta(milliseconds=1)
    first.finish(START + timedelta(seconds=1))
    third = PartFile(root, NAME)
    assert third.name.start == START + timedelta(milliseconds=2)
    for part in (first, second, third):
        part.close()


def test_a_file_that_has_its_last_name_is_finished_also_where_its_folder_cannot_be_synced(root):
    part = PartFile(root, NAME)
    lowest_free = os.dup(part._descriptor)
    os.close(lowest_free)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, before[1]))
    try:
        name = part.finish(START + timedelta(seconds=1))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert (root / name.path).exists()
    part.close()


def test_an_end_before_the_start_is_a_millisecond_after_it(root):
    part = PartFile(root, NAME)
    assert part.finish(START - timedelta(hours=1)).end == START + timedelta(milliseconds=1)
    part.close()


def test_what_was_not_written_whole_is_taken_back(root):
    part = PartFile(root, NAME)
    part.write(b"whole")
    os.write(part._descriptor, b"hal")
    part.cut()
    assert part.path.read_bytes() == b"whole"
    part.discard()
    assert not part.path.exists()


def test_a_file_that_was_moved_away_is_missed(root):
    part = PartFile(root, NAME)
    part.check_place()
    part.path.rename(root / "elsewhere")
    with pytest.raises(FileNotFoundError):
        part.check_place()
    part.path.touch()
    with pytest.raises(FileNotFoundError):
        part.finish(START)
    part.close()


def test_the_root_is_never_made(tmp_path):
    with pytest.raises(FileNotFoundError):
        PartFile(tmp_path / "unplugged", NAME)
    assert not list(tmp_path.iterdir())


def test_a_folder_without_the_marker_is_not_ours(root):
    check_disk(root, 0)
    (root / MARKER).unlink()
    with pytest.raises(FileNotFoundError):
        check_disk(root, 0)


@pytest.mark.parametrize(
    ("total", "free", "has_room"),
    [
        (10**12, 65 * 2**20, True),
        (10**12, 63 * 2**20, False),
        (100 * 2**20, 6 * 2**20, True),  # of a small disk a twentieth is enough
        (100 * 2**20, 4 * 2**20, False),
        (0, 0, True),  # a file system that does not tell
    ],
)
def test_less_room_than_the_floor_is_a_full_disk(root, monkeypatch, total, free, has_room):
    space = SimpleNamespace(f_flag=0, f_frsize=4096, f_blocks=total // 4096, f_bavail=free // 4096)
    monkeypatch.setattr(os, "statvfs", lambda _: space)
    if has_room:
        check_disk(root, FLOOR_BYTES)
        return
    with pytest.raises(OSError, match="No space") as raised:
        check_disk(root, FLOOR_BYTES)
    assert fault_code(raised.value) == "disk_full"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EROFS, "disk_error"),
        (errno.EIO, "disk_error"),
        (errno.ENOENT, "disk_error"),
        (errno.EACCES, "disk_error"),
    ],
)
def test_errors_have_their_code(number, code):
    assert fault_code(OSError(number, "")) == code


def test_a_stream_whose_writer_hangs_is_remembered_until_it_comes_back():
    disks = RecordingDisks()
    disks.leave_behind("/disk", "porch")
    assert disks.is_stuck("/disk", "porch")
    assert not disks.is_stuck("/disk", "garden")
    disks.came_back("/disk", "porch")
    assert not disks.is_stuck("/disk", "porch")
