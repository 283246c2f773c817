"""The whole product at once: what `script/demo` promises a person."""

import asyncio
import signal
import sys

import psutil
import pytest

from tests.support.child_process import running
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

DEMO = (sys.executable, "-m", "tests.support.demo")


async def test_home_assistant_shows_words_keyword_picture_failure_and_recovery() -> None:
    async with running("demo", *DEMO, "--check") as demo, asyncio.timeout(390):
        code = await demo.process.wait()

    printed = "\n".join(demo.lines)
    assert code == 0, printed
    assert "NOT SEEN" not in printed
    assert "All of it was seen in Home Assistant" in printed


async def test_ctrl_c_ends_everything() -> None:
    async with running("demo", *DEMO) as demo:
        await eventually(lambda: any("Ctrl-C ends everything" in line for line in demo.lines), timeout_s=180)
        family = psutil.Process(demo.pid).children(recursive=True)
        demo.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(40):
            code = await demo.process.wait()

    assert code == 0, "\n".join(demo.lines)
    assert len(family) >= 5, "camera, sidecar, worker, engine and Home Assistant"
    assert [process for process in family if process.is_running()] == []
