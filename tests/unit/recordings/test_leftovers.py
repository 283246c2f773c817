"""When an unfinished file is nobody's any more."""

from contextlib import ExitStack
import os

import pytest

from tests.support.mounts import disk, read_only
from tests.support.recorded import at, fragmented_mp4, write_part
from tests.unit.store.heard import Clock
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.recordings.disk_threads import DiskThreads
from wallflower_sidecar.recordings.leftovers import Leftovers
from wallflower_sidecar.recordings.library import Library


class TwoClocks(Clock):
    """A wall clock that is set while the steady one goes on."""

    steady = 0.0

    def monotonic(self) -> float:
        return self.steady


@pytest.fixture
def clock():
    return TwoClocks()


@pytest.fixture
def library(tmp_path):
    library = Library(tmp_path / "recordings")
    library.create()
    return library


def touched(path, clock, seconds):
    moment = clock.now().timestamp() + seconds
    os.utime(path, (moment, moment))


def abandoned(leftovers, library):
    return [file.path for file in leftovers.abandoned(library.parts())]


def test_at_the_first_look_what_was_written_before_the_start_is_abandoned(library, clock):
    old, new, slow = (
        write_part(library.root, b"x", -60),
        write_part(library.root, b"x", -30),
        write_part(library.root, b"x", 5),
    )
    touched(old, clock, -1)
    touched(new, clock, +1)
    touched(slow, clock, -1)  # begun since, on a share whose clock is late
    leftovers = Leftovers(library, DiskThreads(), clock)
    assert abandoned(leftovers, library) == [str(old.relative_to(library.root))]


def test_later_only_a_file_that_does_not_change_for_long_is(library, clock):
    leftovers = Leftovers(library, DiskThreads(), clock, quiet_s=45)
    assert abandoned(leftovers, library) == []
    part = write_part(library.root, b"x")
    touched(part, clock, -3600)  # the wall clock was set back since
    for _ in range(3):
        assert abandoned(leftovers, library) == []
        clock.steady += 40
        part.write_bytes(part.read_bytes() + b"x")
    assert abandoned(leftovers, library) == []
    clock.steady += 45
    assert abandoned(leftovers, library) == [str(part.relative_to(library.root))]


class Eventful(DiskThreads):
    """A disk on which something happens once, before one kind of call or after another."""

    def __init__(self, event, *, before=None, after=None):
        super().__init__()
        self.event, self.before, self.after = event, before, after

    async def call(self, work, *arguments, **named):
        method = getattr(work, "__func__", None)
        if method is self.before:
            self._happen()
        answer = await super().call(work, *arguments, **named)
        if method is self.after:
            self._happen()
        return answer

    def _happen(self):
        event, self.event = self.event, lambda: None
        event()


async def test_a_file_that_is_removed_meanwhile_holds_up_no_other(library, tmp_path):
    footage = fragmented_mp4(tmp_path / "whole.mp4", 2.0).read_bytes()
    doomed, other = write_part(library.root, footage), write_part(library.root, footage, 100)
    saved = []
    disk = Eventful(doomed.unlink, before=Library.finish)
    await Leftovers(library, disk, SystemClock()).finish(library.parts(), saved.append)
    assert [file.start for file in saved] == [at(100)]
    assert not other.exists()


async def test_files_of_a_disk_that_goes_away_meanwhile_are_not_given_up(library, tmp_path):
    part = write_part(library.root, fragmented_mp4(tmp_path / "whole.mp4", 2.0).read_bytes())
    parts, away = library.parts(), tmp_path / "away"
    disk = Eventful(lambda: library.root.rename(away), after=Library.remove)
    leftovers = Leftovers(library, disk, SystemClock(), quiet_s=0.0)
    with pytest.raises(FileNotFoundError):
        await leftovers.finish(parts, print)
    away.rename(library.root)
    assert abandoned(leftovers, library) == [str(part.relative_to(library.root))]


async def test_files_of_a_disk_that_becomes_read_only_meanwhile_are_not_given_up(tmp_path):
    with disk(tmp_path / "disk") as place, ExitStack() as stack:
        library = Library(place)
        library.create()
        part = write_part(place, fragmented_mp4(tmp_path / "whole.mp4", 2.0).read_bytes())
        slow = Eventful(lambda: stack.enter_context(read_only(place)), after=Library.remove)
        leftovers = Leftovers(library, slow, SystemClock(), quiet_s=0.0)
        with pytest.raises(OSError, match="Read-only"):
            await leftovers.finish(library.parts(), print)
        assert abandoned(leftovers, library) == [str(part.relative_to(place))]
