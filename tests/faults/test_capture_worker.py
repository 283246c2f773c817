"""The capture worker dies, freezes or is outgrown; the sidecar is asked to stop."""

import asyncio
import os
import signal
import time

import psutil
import pytest

from tests.faults.capture_rig import Rig, running_capture
from tests.support.waiting import eventually
from wallflower_sidecar.capture import CaptureSupervisor
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.streams import Stream, StreamState

pytestmark = pytest.mark.faults


async def test_a_killed_worker_shows_and_its_streams_are_back_within_five_seconds(rig, camera):
    for name in ("porch", "mute"):
        rig.add(name, camera.url(name))
    await rig.streaming("porch")
    await rig.until("mute", StreamState.DEGRADED)
    (pid,) = rig.capture.worker_pids
    died = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    await rig.until_error("porch", "worker_died", timeout_s=1)
    await rig.streaming("porch", timeout_s=5)
    await rig.until("mute", StreamState.DEGRADED, timeout_s=5)
    assert time.monotonic() - died < 5
    assert rig.status("porch").reconnects == 1
    assert rig.capture.restarts == 1


async def test_a_worker_killed_again_and_again_costs_no_stream_its_attempts(rig, camera):
    rig.add("porch", camera.url("porch"))
    for _ in range(3):
        await rig.streaming("porch")
        os.kill(rig.capture.worker_pids[0], signal.SIGKILL)
        await rig.until("porch", StreamState.BACKOFF, timeout_s=2)
    await rig.streaming("porch")
    assert {error.code for _, error in rig.record.errors} == {"worker_died"}


async def test_a_frozen_worker_is_replaced(rig, camera):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    os.kill(rig.capture.worker_pids[0], signal.SIGSTOP)
    await rig.until_error("porch", "worker_died", timeout_s=10)
    await rig.streaming("porch", timeout_s=5)


async def test_a_worker_whose_own_code_fails_shows_and_its_streams_are_back_with_their_last_words_told(rig, camera):
    rig.add("porch", camera.url("porch"))
    await eventually(lambda: rig.record.started.keys() - rig.record.ended.keys(), timeout_s=15, interval_s=0.01)
    rig.capture._workers.first.child.send({"t": "no command"})
    await rig.until_error("porch", "worker_died", timeout_s=5)
    assert rig.record.started.keys() == rig.record.ended.keys() == {one.id for one in rig.record.utterances}
    await rig.streaming("porch", timeout_s=5)
    assert rig.status("porch").reconnects == 1
    assert [error.code for _, error in rig.record.errors] == ["worker_died"]


async def test_speech_cut_off_by_a_death_is_paired_and_a_probe_or_picture_answered(rig, camera):
    rig.add("porch", camera.url("porch"))
    await eventually(lambda: rig.record.started.keys() - rig.record.ended.keys(), timeout_s=15, interval_s=0.01)
    os.kill(rig.capture.worker_pids[0], signal.SIGKILL)
    await eventually(lambda: rig.record.started.keys() == rig.record.ended.keys(), timeout_s=2)
    await rig.streaming("porch")
    assert (await rig.capture.snapshot("porch")).startswith(b"\xff\xd8")


async def test_one_camera_that_fails_does_not_touch_another(rig, camera):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    for name, url in (("gone", camera.url("nowhere")), ("wrong", camera.url("porch", password="no"))):
        rig.add(name, url)
    await rig.until_error("gone", "not_found")
    await camera.freeze("mute")
    rig.add("mute", camera.url("mute"))
    await asyncio.sleep(2)
    await rig.capture.remove_stream("mute")
    assert rig.record.states("porch")[-1] is StreamState.STREAMING
    assert [error for stream, error in rig.record.errors if stream == "porch"] == []


async def test_stopping_tells_the_camera_gives_out_the_last_words_and_leaves_nothing(camera):
    async with running_capture() as rig:
        rig.add("porch", camera.url("porch"))
        await eventually(lambda: rig.record.started.keys() - rig.record.ended.keys(), timeout_s=15, interval_s=0.01)
        pids = rig.capture.worker_pids
        began = time.monotonic()
    assert time.monotonic() - began < 3
    assert rig.record.started.keys() == rig.record.ended.keys()
    assert len(rig.record.utterances) == len(rig.record.started)
    assert rig.record.errors == []
    assert not any(psutil.pid_exists(pid) for pid in pids)
    await eventually(lambda: camera.counters("porch").plays_now == 0)


async def test_capture_that_is_run_again_counts_on_no_session_of_the_run_before(camera):
    rig = Rig()
    for run in (1, 2):
        task = asyncio.create_task(rig.capture.run())
        try:
            rig.add("porch", camera.url("porch"))
            rig.capture.restart("porch")
            await eventually(lambda run=run: camera.counters("porch").plays_ever == run, timeout_s=15)
            await rig.streaming("porch")
            sessions = rig.capture._captures["porch"]._sessions.all
            assert [attempt.ending for attempt in sessions.values()] == [None]
            os.kill(rig.capture.worker_pids[0], signal.SIGSTOP)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert rig.status("porch").reconnects == 0


async def test_streams_beyond_a_workers_share_get_another_worker_which_ends_with_them(camera):
    rig = Rig()
    rig.capture = CaptureSupervisor(rig.record, clock=SystemClock(), streams_per_worker=2)
    task = asyncio.create_task(rig.capture.run())
    try:
        for number in range(3):
            rig.capture.set_stream(Stream(f"s{number}", "s", camera.url("porch")))
        for number in range(3):
            await rig.streaming(f"s{number}")
        assert len(rig.capture.worker_pids) == 2
        await rig.capture.remove_stream("s2")
        await eventually(lambda: len(rig.capture.worker_pids) == 1)
        assert rig.status("s0").state is StreamState.STREAMING
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_no_password_in_the_workers_command_line_or_environment(rig, camera):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    worker = psutil.Process(rig.capture.worker_pids[0])
    assert "s3cr3t-pass" not in " ".join(worker.cmdline()) + repr(worker.environ())


async def test_descriptors_and_threads_do_not_grow_with_reconnects(rig, camera):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    worker = psutil.Process(rig.capture.worker_pids[0])

    async def reconnect(times):
        for _ in range(times):
            rig.capture.restart("porch")
            await rig.until("porch", StreamState.CONNECTING)
            await rig.streaming("porch")

    await reconnect(3)
    before = worker.num_fds(), worker.num_threads()
    await reconnect(8)
    await eventually(lambda: (worker.num_fds(), worker.num_threads()) <= before)
