"""A child whose sidecar is killed with -9 ends at once, by either of two ways alone."""

import asyncio
import os
import signal
import sys
import time

import psutil
import pytest

from tests.support.waiting import eventually

pytestmark = pytest.mark.faults


@pytest.mark.parametrize(
    ("mode", "way"),
    [("plain", "both"), ("hold", "the parent-death signal"), ("forget", "the end of file")],
)
async def test_the_child_ends_with_a_killed_sidecar(mode, way):
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.unit.processes.tiny_parent", mode, stdout=asyncio.subprocess.PIPE
    )
    child = holder = 0
    try:
        async with asyncio.timeout(20):
            child, holder = map(int, (await parent.stdout.readline()).split())
        assert psutil.pid_exists(child)
        died = time.monotonic()
        parent.send_signal(signal.SIGKILL)
        await eventually(
            lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie", interval_s=0.01
        )
        assert time.monotonic() - died <= 0.5, way
    finally:
        if parent.returncode is None:
            parent.kill()
        for pid in (child, holder):
            if pid and psutil.pid_exists(pid):
                os.kill(pid, signal.SIGKILL)
        await parent.communicate()
