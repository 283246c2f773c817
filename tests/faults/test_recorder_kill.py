"""A capture worker is killed while it records: all but the open fragment is on disk and plays."""

import asyncio
import itertools
import os
import signal
import time

import pytest

from tests.faults.recording_rig import STREAM, new_root, play
from tests.support.waiting import eventually
from wallflower_sidecar.capture.link import WorkerLink
from wallflower_sidecar.capture.messages import Record
from wallflower_sidecar.capture.recording.mp4_boxes import inspect
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.streams import Stream

pytestmark = pytest.mark.faults


class Listener:
    def __init__(self, url):
        self.stream = Stream(STREAM, STREAM.title(), url)
        self.reports = []
        self.report = self.reports.append

    def worker_died(self, line):
        self.reports.append("died")

    def crashed(self, error):
        raise error


async def test_a_killed_worker_loses_no_more_than_the_open_fragment(camera, tmp_path):
    root = new_root(tmp_path)
    link = WorkerLink("capture-test", SystemClock(), itertools.count(1))
    task = asyncio.create_task(link.child.run())
    try:
        await eventually(lambda: link.child.up, timeout_s=20)
        listener = Listener(camera.url(STREAM))
        session = link.open(listener, camera.url(STREAM), ("tcp",))
        link.send(Record(session, str(root), STREAM, "continuous", 0.0, 60.0))
        parts = await eventually(lambda: list(root.glob("*/*/*.part")), timeout_s=15)
        began = time.monotonic()
        await eventually(lambda: time.monotonic() - began > 7, timeout_s=9)
        os.kill(link.child.pid, signal.SIGKILL)
        lasted_s = time.monotonic() - began
        await eventually(lambda: "died" in listener.reports, timeout_s=5)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    whole = inspect(parts[0])
    assert whole is not None
    assert whole.duration_s > lasted_s - 4
    assert whole.bytes == parts[0].stat().st_size
    seen = play(parts[0])
    assert seen.damaged == 0
    assert seen.picture_s[1] == pytest.approx(whole.duration_s, abs=0.15)
