"""The camera as a process: it obeys, and nothing of it outlives it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
import json
import os
from pathlib import Path
import signal
import sys

import psutil
import pytest

from tests.support.camera import COMMANDS
from tests.support.camera_process import CHECKOUT, CameraProcess, CameraProcessError
from tests.support.ports import is_listening
from tests.support.rtsp_camera import FakeCamera
from tests.support.waiting import eventually

from .rtsp_client import RtspClient

pytestmark = pytest.mark.usefixtures("leak_check")


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a Python program, its output piped; kill it if it still runs at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=CHECKOUT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def reader_of(file: Path, parent: int) -> psutil.Process | None:
    """Return the living child of that process which has the file on its command line."""
    for child in psutil.Process(parent).children():
        with suppress(psutil.NoSuchProcess):
            if str(file) in child.cmdline():
                return child
    return None


def gone(process: psutil.Process) -> bool:
    """Say whether a process has ended, even if whoever inherited it has not reaped it yet."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def test_it_obeys_and_counts_from_afar(clip: Path, pcm_clip: Path) -> None:
    async with CameraProcess({"porch": clip}, auth=("user", "pa:ss@1")) as camera:
        await camera.command("status", "porch", 503)
        async with RtspClient(camera.url("porch")) as client:
            faulty = await client.ask("DESCRIBE")
            await camera.command("heal", "porch")
            right = await client.ask("DESCRIBE")
        passage = await camera.swap("porch", pcm_clip)
        told = await camera.loops("porch")
        with pytest.raises(CameraProcessError, match="KeyError"):
            await camera.command("explode", "porch")
        counted = await camera.counters("porch")

    assert (faulty.status, right.status) == (503, 401)
    assert counted.describes == 2
    assert told[-1] == passage
    assert passage.clip == pcm_clip


async def test_it_can_be_switched_off_and_on_again_on_the_same_port(clip: Path) -> None:
    async with CameraProcess({"porch": clip}) as camera:
        port, pid = camera.port, camera.pid
        await camera.stop()
        off = is_listening(port)
        await camera.start()
        async with RtspClient(camera.url("porch")) as client:
            answered = await client.ask("DESCRIBE")
        again = camera.pid

    assert not off
    assert again != pid
    assert (camera.port, answered.status) == (port, 200)


async def test_every_command_is_a_method_of_the_camera() -> None:
    assert [name for name in COMMANDS if not callable(getattr(FakeCamera, name, None))] == []


async def test_a_file_that_is_no_clip_is_an_error_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_text("nothing of the kind")

    with pytest.raises(CameraProcessError, match="Invalid data"):
        async with CameraProcess({"porch": tmp_path / "clip.mp4"}):
            pass


async def test_sigterm_ends_it_cleanly(clip: Path) -> None:
    async with started("-m", "tests.support.camera", "--source", f"porch={clip}") as camera:
        port = json.loads(await camera.stdout.readline())["port"]
        camera.send_signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            code = await camera.wait()

    assert code == 0
    assert not is_listening(port)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_its_ffmpeg_dies_with_it(number: int, tmp_path: Path) -> None:
    never_fed = tmp_path / "never-fed"
    os.mkfifo(never_fed)
    async with started("-m", "tests.support.camera", "--source", f"porch={never_fed}") as camera:
        ffmpeg = await eventually(lambda: reader_of(never_fed, camera.pid))
        camera.send_signal(number)
        try:
            await eventually(lambda: gone(ffmpeg))
        finally:
            with suppress(psutil.NoSuchProcess):
                ffmpeg.kill()
        async with asyncio.timeout(5):
            await camera.wait()


async def test_it_ends_when_the_process_that_started_it_is_killed(clip: Path) -> None:
    start = (
        "import subprocess, sys, time; "
        f"subprocess.Popen([sys.executable, '-m', 'tests.support.camera', '--source', 'porch={clip}']); "
        "time.sleep(60)"
    )
    async with started("-c", start) as parent:
        ports = json.loads(await parent.stdout.readline())
        camera = psutil.Process(parent.pid).children()[0]
        parent.kill()
        await eventually(lambda: gone(camera))

    assert not is_listening(ports["port"])
