"""A disk that does not answer: whoever asks hears so in time, and nobody is left waiting."""

import asyncio
import os
from pathlib import Path
import subprocess
import sys

import pytest

from tests.support.waiting import eventually
from wallflower_sidecar.recordings.disk_threads import DiskThreads


async def test_what_is_returned_and_raised_comes_back():
    disk = DiskThreads()
    assert await disk.call(divmod, 7, 2) == (3, 1)
    with pytest.raises(FileNotFoundError):
        await disk.call(Path("/none").stat)
    assert await disk.call(Path("/").stat, follow_symlinks=False)


async def test_a_call_that_hangs_is_given_up_and_others_are_refused_until_it_returns(tmp_path):
    os.mkfifo(tmp_path / "hangs")
    disk = DiskThreads(answer_s=0.1)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await disk.call((tmp_path / "hangs").read_bytes)
    assert disk.stuck == 1
    (tmp_path / "hangs").write_bytes(b"back")
    await eventually(lambda: not disk.stuck)
    assert await disk.call(len, "well") == 4


async def test_whoever_is_cancelled_waits_no_longer(tmp_path):
    os.mkfifo(tmp_path / "hangs")
    disk = DiskThreads()
    asking = asyncio.create_task(disk.call((tmp_path / "hangs").read_bytes))
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    (tmp_path / "hangs").write_bytes(b"back")


async def test_whoever_left_leaves_the_disk_no_more_threads_than_who_waited(tmp_path):
    os.mkfifo(tmp_path / "hangs")
    disk = DiskThreads(answer_s=0.2)
    asking = asyncio.create_task(disk.call((tmp_path / "hangs").read_bytes))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await eventually(lambda: disk.stuck == 1)
    with pytest.raises(TimeoutError):
        await disk.call(len, "well")
    (tmp_path / "hangs").write_bytes(b"back")
    await eventually(lambda: not disk.stuck)
    assert await disk.call(len, "well") == 4


async def test_a_call_that_takes_its_time_is_not_stuck_before_that_is_over(tmp_path):
    os.mkfifo(tmp_path / "slow")
    disk = DiskThreads()
    asking = asyncio.create_task(disk.call((tmp_path / "slow").read_bytes))
    await asyncio.sleep(0)
    assert disk.stuck == 0
    assert await disk.call(len, "well") == 4
    (tmp_path / "slow").write_bytes(b"back")
    assert await asking == b"back"


def test_a_process_ends_while_a_call_hangs(tmp_path):
    os.mkfifo(tmp_path / "hangs")
    script = (
        "import asyncio, pathlib, sys\n"
        "from wallflower_sidecar.recordings.disk_threads import DiskThreads\n"
        "async def main():\n"
        "    try: await DiskThreads(0.1).call(pathlib.Path(sys.argv[1]).read_bytes)\n"
        "    except TimeoutError: print('given up')\n"
        "asyncio.run(main())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "hangs")], capture_output=True, text=True, timeout=20, check=True
    )
    assert ended.stdout == "given up\n"
