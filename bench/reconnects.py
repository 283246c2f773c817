"""What hundreds of forced reconnects leave behind: descriptors, threads, processes, sockets, files and memory.

Cameras reset every client again and again, every way in turn: the connection reset, the session asked to end, the
camera frozen while its session is told to begin anew. What the worker and this process hold is compared with what they
held after the first rounds.
"""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
import sys
import tempfile
import time
from typing import Any

import psutil

from tests.support.camera_process import CameraProcess
from tests.support.clips import Picture, camera_clip
from tests.support.speech import compose
from tests.support.waiting import eventually
from wallflower_sidecar.capture.supervisor import CaptureSupervisor
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.streams import Stream, StreamState

from .report import percentile, table, write

CAMERAS = 10
TIMES = 500
WARM_UP_ROUNDS = 5
BACK_S = 60.0
SENTENCES = ("The front door is open.", "Please help me at the pool.")


class Nobody:
    """Listens to the capture and keeps nothing."""

    def __getattr__(self, name: str) -> Any:
        """Take any report."""
        return lambda *_, **__: None


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds; PSS in MB."""

    descriptors: int
    sockets: int
    threads: int
    children: int
    files: int
    pss_mb: float


def held(pid: int, folder: Path) -> Held:
    """Look at a process, and at the files below a folder."""
    process = psutil.Process(pid)
    return Held(
        process.num_fds(),
        len(process.net_connections(kind="inet")),
        process.num_threads(),
        len(process.children(recursive=True)),
        sum(1 for _ in folder.rglob("*")),
        process.memory_full_info().pss / 1e6,
    )


async def run(cameras: int, times: int, folder: Path) -> None:
    """Reconnect and report."""
    clip = camera_clip(compose(SENTENCES), Picture(width=320, height=180))
    names = [f"camera{number}" for number in range(cameras)]
    capture = CaptureSupervisor(Nobody(), clock=SystemClock())
    async with CameraProcess(dict.fromkeys(names, clip)) as camera:
        task = asyncio.create_task(capture.run(), name="capture")
        try:
            await eventually(lambda: capture.check().status.value == "ok", timeout_s=30)
            for name in names:
                capture.set_stream(Stream(name, name, camera.url(name)))
            await _all_streaming(capture, names)
            worker = capture.worker_pids[0]
            delays: list[float] = []
            rounds = -(-times // cameras)
            before: dict[str, Held] = {}
            for number in range(WARM_UP_ROUNDS + rounds):
                if number == WARM_UP_ROUNDS:
                    before = await _look(capture, names, camera, worker, folder)
                    delays.clear()
                delays += await asyncio.gather(*(_reconnect(capture, camera, name, number) for name in names))
            after = await _look(capture, names, camera, worker, folder)
            assert capture.worker_pids == [worker], "the worker was replaced"
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    _report(cameras, len(delays), delays, before, after)


async def _reconnect(capture: CaptureSupervisor, camera: CameraProcess, name: str, number: int) -> float:
    """Force a camera's session to begin anew; returns the seconds until it streams again."""
    began = time.monotonic()
    way = number % 3
    if way == 0:
        await camera.command("drop", name)
        await eventually(lambda: not capture.status(name).state.delivers, timeout_s=BACK_S, interval_s=0.02)
    elif way == 1:
        await camera.command("freeze", name)
    capture.restart(name)
    await eventually(lambda: not capture.status(name).state.delivers, timeout_s=BACK_S, interval_s=0.005)
    if way == 1:
        await camera.command("thaw", name)
    await eventually(lambda: capture.status(name).state is StreamState.STREAMING, timeout_s=BACK_S, interval_s=0.02)
    return time.monotonic() - began


async def _all_streaming(capture: CaptureSupervisor, names: Sequence[str]) -> None:
    await eventually(lambda: all(capture.status(name).state is StreamState.STREAMING for name in names), BACK_S)


async def _look(
    capture: CaptureSupervisor, names: Sequence[str], camera: CameraProcess, worker: int, folder: Path
) -> dict[str, Held]:
    """What is held once every stream has one session again."""

    async def settled() -> bool:
        counts = [await camera.counters(name) for name in names]
        return all(count.plays_now == 1 for count in counts)

    await _all_streaming(capture, names)
    await eventually(settled, timeout_s=30, interval_s=0.5)
    await asyncio.sleep(3)
    return {"worker": held(worker, folder), "this process": held(psutil.Process().pid, folder)}


def _report(cameras: int, times: int, delays: list[float], before: dict[str, Held], after: dict[str, Held]) -> None:
    columns = ("", "descriptors", "sockets", "threads", "children", "files", "PSS MB")
    rows = [
        (f"{name}, {when}", *(getattr(each[name], field) for field in Held.__slots__))
        for name in before
        for when, each in (("before", before), ("after", after))
    ]
    table(f"{times} forced reconnects of {cameras} cameras", columns, rows)
    print(
        f"Streaming again after p50 {percentile(delays, 0.5):.2f} s, p95 {percentile(delays, 0.95):.2f} s, "
        f"max {max(delays):.2f} s"
    )
    growth = {name: {f: getattr(after[name], f) - getattr(before[name], f) for f in Held.__slots__} for name in before}
    file = write("reconnects", {"cameras": cameras, "times": times, "delays_s": delays, "growth": growth})
    print(f"Written to {file}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="script/bench reconnects", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--cameras", type=int, default=CAMERAS, help=f"cameras (default {CAMERAS})")
    parser.add_argument("--times", type=int, default=TIMES, help=f"forced reconnects in all (default {TIMES})")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wallflower-bench-") as folder:
        asyncio.run(run(options.cameras, options.times, Path(folder)))
    sys.exit()


if __name__ == "__main__":
    main()
