"""Which files a clip is cut out of."""

from datetime import datetime, timedelta
from pathlib import Path
import subprocess
import sys

import pytest

from tests.support.footage import STREAM, recordings_root
from tests.support.recorded import MORNING, at, write_part, write_recording
from wallflower_sidecar.domain.recordings import MARKER
from wallflower_sidecar.domain.transcripts import new_id
from wallflower_sidecar.recordings.clips import Sources, find_sources
from wallflower_sidecar.recordings.library import Library

NOW = at(100_000)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return recordings_root(tmp_path / "recordings")


def find(root: Path, begin_s: float, end_s: float, now: datetime = NOW) -> Sources:
    return find_sources(Library(root), STREAM, at(begin_s), at(end_s), now)


def begins(found: Sources) -> list[float]:
    """Seconds from MORNING."""
    return [each.start - MORNING.timestamp() for each in found.files]


@pytest.mark.parametrize(
    ("begin_s", "end_s", "expected"),
    [
        (0, 60, [0]),
        (0, 60.001, [0, 60]),
        (59.999, 61, [0, 60]),
        (60, 61, [60]),
        (-100, 500, [0, 60, 120]),
        (180, 200, []),
        (-10, 0, []),
    ],
)
def test_those_that_overlap_in_order(root: Path, begin_s: float, end_s: float, expected: list[float]) -> None:
    for start_s in (120, 0, 60):
        write_recording(root, start_s)
    found = find(root, begin_s, end_s)
    assert begins(found) == expected
    assert found.bytes == 1000 * len(expected)
    assert not found.growing


def test_the_file_before_is_asked_where_names_leave_a_moment_out(root: Path) -> None:
    write_recording(root, 0, length_s=60)
    write_recording(root, 60.4, length_s=60)
    write_recording(root, 125, length_s=60)
    assert begins(find(root, 60.2, 70)) == pytest.approx([0, 60.4], abs=0.001)
    assert begins(find(root, 122, 130)) == pytest.approx([125], abs=0.001), "nothing was recorded for seconds"


def test_the_file_being_written_reaches_to_now(root: Path) -> None:
    write_recording(root, 0)
    write_part(root, b"x" * 500, 60)
    found = find(root, 0, 3000, now=at(75))
    assert begins(found) == [0, 60]
    assert (found.growing, found.bytes) == (True, 1500)
    assert found.files[1].end == at(75).timestamp()
    assert not find(root, 76, 100, now=at(75)).files


def test_days_and_other_streams_and_clips(root: Path) -> None:
    night = (datetime.fromisoformat("2026-11-23T00:00:10Z") - MORNING) / timedelta(seconds=1)
    write_recording(root, night - 30, length_s=60)
    write_recording(root, night + 30)
    write_recording(root, night, stream="garden")
    write_recording(root, night, clip=new_id())
    (root / STREAM / "2026-11-23" / "stray.mp4").write_bytes(b"x")
    assert begins(find(root, night, night + 60)) == pytest.approx([night - 30, night + 30])


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("0001-01-01T00:00:00Z", "0001-01-01T00:30:00Z"),
        ("1969-12-31T23:59:00Z", "1970-01-01T00:30:00Z"),
        ("9999-12-31T23:00:00Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_the_ends_of_time_hold_nothing(root: Path, start: str, end: str) -> None:
    first, last = datetime.fromisoformat(start), datetime.fromisoformat(end)
    assert not find_sources(Library(root), STREAM, first, last, NOW).files


def test_a_folder_without_its_marker_is_not_believed(root: Path) -> None:
    (root / MARKER).unlink()
    with pytest.raises(FileNotFoundError):
        find(root, 0, 60)


def test_a_deleted_file_is_noticed(root: Path) -> None:
    saved = write_recording(root, 0)
    part = write_part(root, b"x", 60)
    found = find(root, 0, 120, now=at(90))
    part.rename(part.with_name("finished"))
    assert not found.are_gone(), "it was only finished"
    saved.path.unlink()
    assert found.are_gone()


def test_the_sidecars_side_of_clips_loads_no_c_library() -> None:
    program = (
        "import sys, wallflower_sidecar.recordings.clip_cache;"
        "print([name for name in ('av', 'cv2', 'numpy') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"
