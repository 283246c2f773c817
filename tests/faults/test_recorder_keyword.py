"""Recording around a hit: what was before it comes out of memory, what follows is added, and nothing twice."""

import time

import pytest

from tests.faults.recording_rig import check_names, new_root, play, recording
from tests.support.waiting import eventually
from wallflower_sidecar.capture.messages import Recorded, Writing

pytestmark = pytest.mark.faults


@pytest.fixture
def root(tmp_path):
    return new_root(tmp_path)


async def test_a_hit_is_kept_from_the_key_frame_before_it_to_its_end(camera, root):
    async with recording(camera.url("porch"), root) as rec:
        rec.keyword()
        await rec.held(6)
        assert not list(root.iterdir())[1:]
        hit = time.time()
        rec.keep(hit - 3, hit + 2)
        await rec.told(writing=True, code=None, timeout_s=2)
        report = await rec.saved()
        await rec.told(writing=False, code=None)
    assert report.start <= hit - 3 + 0.3
    assert report.start >= hit - 3 - 2.3  # key frames come every 2 s
    assert hit + 2 - 0.3 <= report.end <= hit + 2 + 2.3
    seen = play(root / report.path)
    assert seen.begins_with_key
    assert seen.upward
    assert seen.damaged == 0
    assert seen.picture_s == pytest.approx((0.0, report.end - report.start), abs=0.15)
    assert seen.sound_s == pytest.approx((0.0, report.end - report.start), abs=0.15)
    assert rec.heard.of(Recorded) == [report]


async def test_what_was_to_be_kept_before_recording_was_stopped_is_not_kept_after(camera, root):
    async with recording(camera.url("porch"), root) as rec:
        rec.keyword()
        rec.keep(time.time(), time.time() + 60)
        rec.stop()
        rec.keyword()  # all of it before the camera answers
        await rec.held(4)
        assert not list(root.iterdir())[1:]
    assert rec.heard.of(Recorded) == []


async def test_hits_that_overlap_extend_one_file_and_a_later_one_repeats_nothing(camera, root):
    async with recording(camera.url("porch"), root) as rec:
        rec.keyword()
        await rec.held(5)
        hit = time.time()
        rec.keep(hit - 2, hit + 1)
        rec.keep(hit - 1, hit + 3)
        first = await rec.saved()
        assert first.end >= hit + 3 - 0.3
        rec.keep(hit - 2, time.time() + 1)
        second = await rec.saved(2)
    check_names(root, [first, second])
    assert second.start - first.end < 0.1
    assert play(root / second.path).begins_with_key


async def test_a_hit_that_reaches_further_back_than_memory_begins_with_what_there_is(camera, root):
    async with recording(camera.url("porch"), root) as rec:
        began = time.time()
        rec.keyword()
        rec.keep(began - 60, began + 3)
        report = await rec.saved()
    assert began - 1 < report.start < began + 4
    assert play(root / report.path).begins_with_key


async def test_a_hit_that_lies_wholly_before_memory_is_logged(camera, root, caplog):
    async with recording(camera.url("porch"), root) as rec:
        rec.keyword()
        await rec.held(2)
        rec.keep(time.time() - 100, time.time() - 90)
        await eventually(lambda: "nothing of its recording is left" in caplog.text)
    assert rec.heard.of(Recorded) == []


async def test_the_sessions_end_finishes_what_is_kept(camera, root):
    async with recording(camera.url("porch"), root) as rec:
        rec.keyword()
        await rec.held(3)
        rec.keep(time.time() - 2, time.time() + 600)
        await rec.written()
    (report,) = rec.heard.of(Recorded)
    assert play(root / report.path).damaged == 0
    assert rec.heard.of(Writing)[-1] == Writing(1, writing=False, code=None)
    assert rec.files
    assert not rec.parts
