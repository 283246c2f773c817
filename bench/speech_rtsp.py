"""The same cameras as real RTSP sessions of a real sidecar: end of speech to `transcript.final` at a client."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
import time
from typing import Any

import psutil

from tests.support.camera_process import CameraProcess
from tests.support.clips import TEST_CARD, camera_clip
from tests.support.ports import free_port
from tests.support.sidecar import Sidecar, sidecar
from tests.support.waiting import eventually

from .corpus import build
from .report import table, write
from .speech_cameras import TALKATIVE
from .speech_costs import Meter
from .speech_run import spread

START_S = 60.0
QUIET_S = 8.0
"""After the last sentence its text may still come for so long."""

COLUMNS = ("cameras", "texts", "p50 s", "p95 s", "max s", "lag at end s", "dropped s")


async def report(counts: Sequence[int], seconds: float, folder: Path) -> None:
    """Measure each count, print both tables, write the figures."""
    rows = [await measure(count, seconds, folder / str(count)) for count in counts]
    title = f"Real RTSP cameras (640x360 H.264 + AAC), {seconds:.0f} s: end of speech → transcript.final at a client"
    shown = [
        (row["cameras"], len(row["delays_s"]), *spread(row["delays_s"]), row["lag_s"], row["dropped_s"]) for row in rows
    ]
    table(title, COLUMNS, shown)
    costs = [
        (row["cameras"], name, percent, row["peak_mb"][name])
        for row in rows
        for name, percent in row["percent"].items()
    ]
    table("Costs", ("cameras", "process", "% of a core", "peak PSS MB"), costs)
    print(f"Written to {write('speech-rtsp', {'seconds': seconds, 'rows': rows})}")


async def measure(count: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Let so many cameras speak to one sidecar for so long."""
    names = [f"camera-{number}" for number in range(count)]
    tracks = {name: build(seconds / 60, seed=number, shape=TALKATIVE) for number, name in enumerate(names)}
    clips = {name: await asyncio.to_thread(camera_clip, track, TEST_CARD) for name, track in tracks.items()}
    arrivals: list[tuple[float, float]] = []
    async with CameraProcess(clips) as camera, sidecar(folder, free_port()) as server:
        for name in names:
            body = {"name": name, "url": camera.url(name), "language": "en"}
            await server.request("PUT", f"/streams/{name}", body)
        reading = asyncio.create_task(_read(server, arrivals), name="events")
        try:
            await eventually(lambda: _all_stream(server, names), timeout_s=START_S, interval_s=0.5)
            arrivals.clear()
            async with Meter(_processes(server)) as meter:
                await asyncio.sleep(seconds)
            statuses = [(await server.request("GET", f"/streams/{name}"))["status"]["transcription"] for name in names]
            await asyncio.sleep(QUIET_S)
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
    return {
        "cameras": count,
        "delays_s": [at - end for end, at in arrivals],
        "lag_s": max(status["lag_s"] for status in statuses),
        "dropped_s": sum(status["dropped_s"] for status in statuses),
        "percent": {name: 100 * cpu_s / meter.wall_s for name, cpu_s in meter.cpu_s.items()},
        "peak_mb": meter.peak_mb,
    }


async def _read(server: Sidecar, arrivals: list[tuple[float, float]]) -> None:
    """Note the end of speech of each text and when it came, in seconds since 1970."""
    async for event in server.events(types="transcript.final"):
        end = datetime.fromisoformat(event.data["end"]).timestamp()
        arrivals.append((end, time.time()))


async def _all_stream(server: Sidecar, names: Sequence[str]) -> bool:
    statuses = [(await server.request("GET", f"/streams/{name}"))["status"] for name in names]
    return all(status["state"] == "streaming" and status["transcription"]["state"] == "ok" for status in statuses)


def _processes(server: Sidecar) -> Mapping[str, int]:
    """The sidecar without its children, and each child by name."""
    own = psutil.Process(server.process.pid)
    return {child.cmdline()[-2]: child.pid for child in own.children(recursive=True)} | {"sidecar": own.pid}
