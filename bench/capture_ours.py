"""The sidecar and its capture worker with cameras that nobody looks at: pulled, listening only, paused, recording."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from http import HTTPStatus
from pathlib import Path
import tempfile
import time
from typing import Any

import psutil

from tests.support.camera_process import CameraProcess
from tests.support.ports import free_port
from tests.support.sidecar import Sidecar, sidecar
from tests.support.waiting import eventually

from .capture_costs import SOUND_S, Cost, names, sessions, shares
from .download import download
from .speech_costs import Meter

PULLED = "ours, pulled"
LISTENING = "ours, listening"
PAUSED = "ours, paused"
RECORDING = "ours, recording"
WAYS = (PULLED, LISTENING, PAUSED, RECORDING)

START_S = 60.0
LINGERS_S = 90.0
"""A camera that nobody looks at is asked for its sound alone within this time."""

SETTLE_S = 5.0
APART = ("engine",)
"""It has nothing to do while nobody speaks; what it costs is another benchmark's."""


async def measure(camera: CameraProcess, cameras: int, seconds: float, ways: Collection[str] = WAYS) -> list[Cost]:
    """Run the sidecar with so many cameras in each of these ways for so long; returns what is there to measure."""
    costs: list[Cost] = []
    with tempfile.TemporaryDirectory(prefix="wallflower-bench-") as folder:
        async with sidecar(Path(folder) / "data", free_port(), env={"WALLFLOWER_LANGUAGE": "en"}) as server:
            await eventually(lambda: _engine_is_ready(server), timeout_s=START_S, interval_s=0.2)
            first_audio_s = await _add(server, camera, cameras)
            first_picture_s = await _look(server, cameras)
            await asyncio.sleep(SETTLE_S)

            async def cost(way: str, length_s: float) -> None:
                async with Meter(_processes(server)) as meter:
                    await asyncio.sleep(length_s)
                counted = await sessions(camera, cameras)
                percent, memory = shares(meter), meter.peak_mb
                costs.append(Cost(way, cameras, percent, memory, *counted, first_audio_s, first_picture_s, APART))

            if PULLED in ways:
                await cost(PULLED, min(seconds, SOUND_S))
            if LISTENING in ways and await _until(lambda: _nobody_is_pictured(camera, cameras)):
                await asyncio.sleep(SETTLE_S)
                await cost(LISTENING, seconds)
            elif LISTENING in ways:
                print("  The picture is pulled on: listening alone cannot be measured.", flush=True)
            if PAUSED in ways:
                await _change(server, cameras, {"transcribe": False})
                await eventually(lambda: _nobody_is_heard(camera, cameras), START_S)
                await asyncio.sleep(SETTLE_S)
                await cost(PAUSED, seconds)
                await _change(server, cameras, {"transcribe": True})
            if RECORDING not in ways:
                return costs
            await _change(server, cameras, {"recording": {"mode": "continuous"}})
            if await _until(lambda: _recording(server), START_S):
                await asyncio.sleep(SETTLE_S)
                await cost(RECORDING, seconds)
            else:
                print("  Not every stream records: that cannot be measured.", flush=True)
    return costs


async def _add(server: Sidecar, camera: CameraProcess, cameras: int) -> float:
    """Add the cameras; returns the seconds until the last one is heard."""
    began = time.monotonic()
    for name in names(cameras):
        await server.request("PUT", f"/streams/{name}", {"name": name, "url": camera.url(name), "language": "en"})
    await eventually(lambda: _all(server, lambda status: status["state"] == "streaming"), START_S, 0.02)
    return time.monotonic() - began


async def _change(server: Sidecar, cameras: int, what: Mapping[str, object]) -> None:
    for name in names(cameras):
        await server.request("PATCH", f"/streams/{name}", what)


async def _look(server: Sidecar, cameras: int) -> float | None:
    """Ask for a picture of each camera, so that each is pulled for a while; returns the seconds of the first."""
    took: list[float] = []
    for name in names(cameras):
        began = time.monotonic()
        status, _ = await download(server, f"/streams/{name}/snapshot.jpg?width=640")
        if status == HTTPStatus.OK:
            took.append(time.monotonic() - began)
    return took[0] if took else None


async def _engine_is_ready(server: Sidecar) -> bool:
    checks: list[Mapping[str, Any]] = (await server.request("GET", "/health"))["checks"]
    return any(check["name"] == "transcriber" and check["status"] == "ok" for check in checks)


async def _all(server: Sidecar, right: Callable[[Mapping[str, Any]], bool]) -> bool:
    streams = (await server.request("GET", "/streams"))["items"]
    return bool(streams) and all(right(stream["status"]) for stream in streams)


async def _recording(server: Sidecar) -> bool:
    return await _all(server, lambda status: bool(status["recording"]) and status["state"] == "streaming")


async def _nobody_is_pictured(camera: CameraProcess, cameras: int) -> bool:
    return (await sessions(camera, cameras))[1] == 0


async def _nobody_is_heard(camera: CameraProcess, cameras: int) -> bool:
    return not any([(await camera.counters(name)).audio_now for name in names(cameras)])


async def _until(true: Callable[[], Awaitable[bool]], timeout_s: float = LINGERS_S) -> bool:
    try:
        await eventually(true, timeout_s=timeout_s, interval_s=0.5)
    except AssertionError:
        return False
    return True


def _processes(server: Sidecar) -> dict[str, int]:
    """The sidecar without its children, and each child by what it does."""
    own = psutil.Process(server.process.pid)
    found = {"sidecar": own.pid}
    for child in own.children(recursive=True):
        modules = [word for word in child.cmdline() if word.startswith("wallflower_sidecar.")]
        role = modules[0].rpartition(".")[2] if modules else child.name()
        found[role if role not in found else f"{role} {child.pid}"] = child.pid
    return found
