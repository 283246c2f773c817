"""A worker that has grown too large is replaced without a gap; one with a thread that hangs is killed."""

import asyncio
import time

import psutil
import pytest

from tests.faults.capture_rig import running_capture
from tests.faults.test_capture_handover import TOLERANCE_S, heard_in, sentences_of
from tests.support.leaks import no_leaks
from tests.support.rtsp_camera import FakeCamera
from tests.support.waiting import eventually
from wallflower_sidecar.capture import link
from wallflower_sidecar.capture.replacement import MemoryBound
from wallflower_sidecar.capture.stream import attempt, escalation, handover
from wallflower_sidecar.capture.stream.escalation import Measure
from wallflower_sidecar.domain.streams import StreamState

pytestmark = pytest.mark.faults

AT_ONCE = MemoryBound(base=1, per_stream=0, every_s=2.0)


async def test_a_worker_that_is_too_large_is_replaced_and_no_word_is_lost_or_doubled(camera, talk, caplog):
    with no_leaks():
        async with running_capture(memory_bound=AT_ONCE) as rig:
            (old,) = rig.capture.worker_pids
            for name in ("porch", "blind"):
                rig.add(name, camera.url(name))
            await rig.streaming("porch")
            await rig.until("blind", StreamState.DEGRADED)
            since = time.time() + TOLERANCE_S
            await eventually(lambda: rig.capture.replaced == 1, timeout_s=30)
            await eventually(lambda: not psutil.pid_exists(old), timeout_s=10)
            (new,) = rig.capture.worker_pids
            until = time.time()
            await eventually(lambda: any(one.end.timestamp() > until for one in rig.record.utterances), timeout_s=15)
            for source in ("porch", "blind"):
                heard = [one for one in rig.record.utterances if one.stream == source]
                for start, end in sentences_of(camera, talk, since, until, source):
                    assert len(heard_in(heard, start, end)) == 1
                assert camera.counters(source).plays_now == 1
            assert [error.code for _, error in rig.record.errors] == ["no_video"]
            assert rig.status("porch").reconnects == 0
            assert rig.capture.restarts == 0
            assert "1 replaced because of their memory" in rig.capture.check().detail
            assert "replaces it" in caplog.text
            assert psutil.pid_exists(new)
            assert (await rig.capture.snapshot("porch")).startswith(b"\xff\xd8")


async def test_a_camera_with_one_session_moves_to_the_new_worker_too(camera, monkeypatch):
    monkeypatch.setattr(handover, "RETRY_S", 3.0)
    await camera.limit("porch", 1)
    async with running_capture(memory_bound=AT_ONCE) as rig:
        (old,) = rig.capture.worker_pids
        rig.add("porch", camera.url("porch"))
        await rig.streaming("porch")
        told = len(rig.record.changes)
        await eventually(lambda: rig.capture.replaced == 1, timeout_s=20)
        await eventually(lambda: not psutil.pid_exists(old), timeout_s=5)
        await eventually(lambda: camera.counters("porch").plays_now == 1)
        await asyncio.sleep(1)
        assert len(rig.record.changes) == told
        assert camera.counters("porch").plays_now == 1


async def test_a_thread_that_never_ends_costs_its_worker_and_the_other_camera_is_back_in_five_seconds(
    clip, tmp_path, monkeypatch
):
    stuck = tmp_path / "stuck"
    stuck.touch()
    monkeypatch.setenv("WALLFLOWER_TEST_STUCK", str(stuck))
    monkeypatch.setattr(link, "MODULE", "tests.support.stuck_worker")
    monkeypatch.setattr(attempt, "OPENING_S", 2.0)
    monkeypatch.setattr(escalation, "STEPS", ((0.0, Measure.ASK), (1.0, Measure.SHUT), (2.0, Measure.KILL)))
    with no_leaks():
        async with FakeCamera({"porch": clip, "stuck": clip}) as camera, running_capture() as rig:
            (old,) = rig.capture.worker_pids
            rig.add("porch", camera.url("porch"))
            await rig.streaming("porch")
            rig.add("stuck", camera.url("stuck"))
            await rig.until_error("stuck", "connect_timeout", timeout_s=5)
            assert rig.status("porch").state is StreamState.STREAMING
            await eventually(lambda: not psutil.pid_exists(old), timeout_s=5)
            died = time.monotonic()
            stuck.unlink()
            await rig.until_error("porch", "worker_died", timeout_s=1)
            await rig.streaming("porch", timeout_s=5)
            assert time.monotonic() - died < 5
            await rig.streaming("stuck", timeout_s=10)
            assert rig.capture.restarts == 1
            assert rig.status("porch").reconnects == 1


async def test_one_streams_bug_restarts_that_stream_and_no_other(rig, camera, monkeypatch, caplog):
    for name in ("porch", "blind"):
        rig.add(name, camera.url(name))
    await rig.streaming("porch")
    await rig.until("blind", StreamState.DEGRADED)
    with monkeypatch.context() as patch:
        patch.setattr(rig.capture._captures["porch"]._life, "_switch", lambda: 1 / 0)
        error = await rig.until_error("porch", "internal", timeout_s=2)
        await asyncio.sleep(0.3)
    assert "the log has the cause" in error.message
    assert "ZeroDivisionError" in caplog.text
    assert rig.capture.bugs >= 1
    await rig.streaming("porch", timeout_s=15)
    assert [error.code for stream, error in rig.record.errors if stream == "blind"] == ["no_video"]
    assert "failures of our own" in rig.capture.check().detail
    await eventually(lambda: camera.counters("porch").plays_now == 1, timeout_s=5)
