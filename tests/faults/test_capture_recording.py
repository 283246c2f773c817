"""What is recorded follows the settings, also over a change of sessions; a disk that is gone harms nothing else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.faults.capture_rig import Rig, running_capture
from tests.support.leaks import no_leaks
from tests.support.waiting import eventually
from tests.support.watching import pictures, watch
from wallflower_sidecar.capture.replacement import MemoryBound
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.recordings import MARKER
from wallflower_sidecar.domain.streams import Recording, RecordingMode, Stream, StreamState
from wallflower_sidecar.recordings.clips import cut_clip, find_sources
from wallflower_sidecar.recordings.disk_threads import DiskThreads
from wallflower_sidecar.recordings.library import Library
from wallflower_sidecar.recordings.removals import Removals

pytestmark = pytest.mark.faults

OFF = Recording()
CONTINUOUS = Recording(RecordingMode.CONTINUOUS)
KEYWORD = Recording(RecordingMode.KEYWORD, pre_s=2.0)


@pytest.fixture
def root(tmp_path):
    (tmp_path / MARKER).touch()
    return tmp_path


@pytest.fixture
async def rig(root) -> AsyncIterator[Rig]:
    with no_leaks():
        async with running_capture(recordings_dir=root, picture_lingers_s=1.0) as running:
            yield running


def record(rig, camera, recording):
    rig.capture.set_stream(Stream("porch", "Porch", camera.url("porch"), recording=recording))


def finished(rig):
    return [file for file in rig.record.recordings if file.path.exists() and file.path.suffix == ".mp4"]


async def test_recording_that_is_switched_on_brings_the_picture_and_writes_and_off_leaves_a_file(rig, camera):
    record(rig, camera, OFF)
    await rig.streaming("porch")
    await eventually(lambda: camera.counters("porch").video_now == 0, timeout_s=15)
    record(rig, camera, CONTINUOUS)
    await eventually(lambda: rig.status("porch").recording, timeout_s=10)
    await asyncio.sleep(3)
    record(rig, camera, OFF)
    (file,) = await eventually(lambda: finished(rig), timeout_s=10)
    assert not rig.status("porch").recording
    assert file.bytes == file.path.stat().st_size
    assert 2 < (file.end - file.start).total_seconds() < 12
    await eventually(lambda: camera.counters("porch").video_now == 0, timeout_s=15)
    assert rig.record.errors == []


async def test_by_hand_it_records_until_told_otherwise(rig, camera):
    record(rig, camera, OFF)
    await rig.streaming("porch")
    rig.capture.record_by_hand("porch", on=True)
    await eventually(lambda: rig.status("porch").recording, timeout_s=10)
    rig.capture.record_by_hand("porch", on=False)
    await eventually(lambda: not rig.status("porch").recording, timeout_s=10)
    assert rig.record.errors == []


async def test_what_is_kept_in_keyword_mode_spans_a_reconnect(rig, camera):
    record(rig, camera, KEYWORD)
    await rig.streaming("porch")
    await asyncio.sleep(3)
    now = datetime.now(UTC)
    rig.capture.keep("porch", now - timedelta(seconds=1), now + timedelta(seconds=8))
    await eventually(lambda: rig.status("porch").recording, timeout_s=5)
    await camera.drop("porch")
    await rig.until_error("porch", "eof")
    files = await eventually(lambda: len(finished(rig)) >= 2 and finished(rig), timeout_s=25)
    assert files[0].start <= now
    assert files[-1].end >= now + timedelta(seconds=6)


async def test_a_disk_that_is_gone_is_named_while_listening_goes_on_and_recording_is_back_with_it(rig, camera, root):
    record(rig, camera, CONTINUOUS)
    await eventually(lambda: rig.status("porch").recording, timeout_s=15)
    (root / MARKER).rename(root / "away")
    rig.capture.restart("porch")
    await rig.until_error("porch", "disk_error", timeout_s=20)
    assert rig.status("porch").state is StreamState.DEGRADED
    assert not rig.status("porch").recording
    count = len(rig.record.utterances)
    await eventually(lambda: len(rig.record.utterances) > count, timeout_s=10)
    (root / "away").rename(root / MARKER)
    await rig.streaming("porch", timeout_s=40)
    assert rig.status("porch").recording
    assert "porch" in rig.record.recovered


async def test_a_recording_goes_on_over_the_replacement_of_its_worker_and_no_moment_is_missing_or_twice(
    root, camera, clip, tmp_path_factory
):
    target = tmp_path_factory.mktemp("clips") / "clip.mp4"
    at_once = MemoryBound(base=1, per_stream=0, every_s=2.0)
    with no_leaks():
        async with running_capture(recordings_dir=root, memory_bound=at_once) as rig:
            record(rig, camera, CONTINUOUS)
            await eventually(lambda: rig.status("porch").recording, timeout_s=15)
            told = len(rig.record.changes)
            await eventually(lambda: rig.capture.replaced == 1, timeout_s=40)
            (old,) = await eventually(lambda: finished(rig), timeout_s=5)
            assert len(rig.record.changes) == told, "recording never ceased"
            await eventually(lambda: datetime.now(UTC) > old.end + timedelta(seconds=5), timeout_s=10)
            record(rig, camera, OFF)
            await eventually(lambda: len(finished(rig)) == 2, timeout_s=10)
        new = finished(rig)[1]
        assert timedelta() < old.end - new.start < timedelta(seconds=6), "two sessions do not write for long"
        files = find_sources(Library(root), "porch", old.start, new.end, datetime.now(UTC)).files
        cut = await cut_clip(files, old.start, new.end, target, removals=Removals(DiskThreads()), clock=SystemClock())
        assert cut.start == old.start
        assert abs(cut.end - new.end) < timedelta(seconds=0.3)
        seen = watch(target)
        assert seen.longest_step_s < 0.3
        assert seen.duration_s == pytest.approx((cut.end - cut.start).total_seconds(), abs=0.3)
        shown = pictures(clip)
        places = [shown.index(frame) for frame in seen.frames]
        amiss = [later - earlier - 1 for earlier, later in pairwise(places) if (later - earlier - 1) % len(shown)]
        assert len(amiss) <= 1, "where one session gave way to the other"
        assert all(abs(count) <= 3 for count in amiss), "they tell the time nearly alike"
