"""Calls to a disk that answers too late: what comes back is undone."""

import asyncio
import threading

import pytest

from tests.support.waiting import eventually
from wallflower_sidecar.recordings.disk_threads import DiskThreads


async def test_what_comes_back_late_is_undone():
    answered, undone = threading.Event(), []
    disk = DiskThreads(answer_s=0.05)

    def slow() -> str:
        answered.wait(10)
        return "descriptor"

    with pytest.raises(TimeoutError):
        await disk.call_or_undo(undone.append, slow)
    answered.set()
    await eventually(lambda: undone == ["descriptor"])
    assert disk.stuck == 0 or await eventually(lambda: disk.stuck == 0)


async def test_who_is_cancelled_meanwhile_leaves_nothing_open():
    answered, undone = threading.Event(), []
    disk = DiskThreads()

    def slow() -> str:
        answered.wait(10)
        return "descriptor"

    asking = asyncio.create_task(disk.call_or_undo(undone.append, slow))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    answered.set()
    await eventually(lambda: undone == ["descriptor"])


async def test_what_came_back_before_the_loop_heard_of_it_is_undone_when_the_asker_goes():
    returned, undone = threading.Event(), []
    disk = DiskThreads()
    asking = asyncio.create_task(disk.call_or_undo(undone.append, lambda: returned.set() or "descriptor"))
    await asyncio.sleep(0)  # the loop hears nothing of the thread from here on
    assert returned.wait(10)
    for thread in threading.enumerate():
        if thread.name == "recordings disk":
            thread.join(10)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await eventually(lambda: undone == ["descriptor"])


async def test_what_comes_in_time_is_kept():
    undone = []
    assert await DiskThreads().call_or_undo(undone.append, lambda: 7) == 7
    assert undone == []
