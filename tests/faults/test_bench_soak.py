"""A soak that is told to end takes with it all it started."""

import psutil
import pytest

from tests.support.camera_process import CHECKOUT
from tests.support.child_process import running
from tests.support.children import child_running
from tests.support.waiting import eventually

pytestmark = pytest.mark.faults

CLIPS_AND_SIDECAR_S = 90.0
INTERRUPTED = 130


async def test_a_soak_asked_to_end_twice_is_over_at_once_and_leaves_nothing_behind():
    command = (str(CHECKOUT / "script/bench"), "soak", "--cameras", "1", "--minutes", "5")
    async with running("soak", *command) as soak:
        await eventually(lambda: child_running("capture.worker", soak.pid), timeout_s=CLIPS_AND_SIDECAR_S)
        family = psutil.Process(soak.pid).children(recursive=True)
        soak.process.terminate()
        await eventually(lambda: any("Ending" in line for line in soak.lines) or not soak.is_running)
        soak.process.terminate()
        assert await soak.ended() == INTERRUPTED
        _, alive = psutil.wait_procs(family, timeout=1.0)
        assert not alive
