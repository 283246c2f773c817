"""Many cameras in a real Home Assistant: set-up of their hub, a text's way to its state, and the load in silence."""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
import sys
import tempfile
import time

import psutil

from tests.support import flows
from tests.support.home_assistant import HomeAssistant, home_assistant
from tests.support.ports import free_ports
from tests.support.sidecar import Sidecar, sidecar
from tests.support.waiting import eventually

from .report import percentile, table, write

STREAM = "camera_1"
TRANSCRIPT = "sensor.camera_1_transcript"
SETTLE_S = 3.0


async def join(instance: HomeAssistant, server: Sidecar, cameras: int) -> str:
    """Add the hub and its cameras by their pages; none can be reached, and all are switched off. Returns the entry."""
    code = await server.pairing_code()
    hub = await flows.walk(instance, flows.HUB, "wallflower", {"user": {"host": server.url, "code": code}})
    entry: str = hub["result"]["entry_id"]
    (closed,) = free_ports(1)
    for number in range(1, cameras + 1):
        answers = {
            "user": {"name": f"Camera {number}", "url": f"rtsp://127.0.0.1:{closed}/{number}", "keywords": ["help"]},
            "failed": {"next_step_id": "add_anyway"},
        }
        added = await flows.walk(instance, flows.SUBENTRY, [entry, "stream"], answers)
        assert added["type"] == "create_entry", added
    for stream in (await server.request("GET", "/streams"))["items"]:
        await server.request("PATCH", f"/streams/{stream['id']}", {"enabled": False})
    return entry


async def set_ups(instance: HomeAssistant, entry: str, times: int) -> list[float]:
    """Seconds from enabling a hub that was disabled until all of it is set up."""
    took = []
    for _ in range(times):
        await _enable(instance, entry, enabled=False)
        began = time.perf_counter()
        await _enable(instance, entry, enabled=True)
        took.append(time.perf_counter() - began)
        assert (await instance.state(TRANSCRIPT))["state"] != "unavailable"
    return took


async def hops(instance: HomeAssistant, server: Sidecar, count: int) -> list[float]:
    """Seconds from a text at a reader of the sidecar's events to its state at a reader of Home Assistant's."""
    told: dict[str, float] = {}
    shown: dict[str, float] = {}

    async def read_events() -> None:
        async for event in server.events(types="transcript.final"):
            told[event.data["text"]] = time.perf_counter()

    async def read_states() -> None:
        async for state in instance.changes(TRANSCRIPT):
            shown[state["state"]] = time.perf_counter()

    tasks = [asyncio.create_task(read()) for read in (read_events, read_states)]
    await asyncio.sleep(SETTLE_S)
    try:
        for number in range(count):
            text = f"sentence {number}"
            await server.request("POST", f"/streams/{STREAM}/simulate", {"text": text})
            await eventually(lambda text=text: text in told and text in shown, interval_s=0.02)
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    return [shown[text] - told[text] for text in told if text in shown]


async def load(instance: HomeAssistant, seconds: float) -> float:
    """Per cent of a core that Home Assistant takes."""
    await asyncio.sleep(SETTLE_S)
    process = psutil.Process(instance.process.pid)
    before, began = sum(process.cpu_times()[:2]), time.monotonic()
    await asyncio.sleep(seconds)
    return 100 * (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began)


async def _enable(instance: HomeAssistant, entry: str, *, enabled: bool) -> None:
    disabled_by = None if enabled else "user"
    message = {"type": "config_entries/disable", "entry_id": entry, "disabled_by": disabled_by}
    await instance.command(message)


async def measure(cameras: int, count: int, silence_s: float) -> int:
    """Run sidecar and Home Assistant, print and write the figures."""
    with tempfile.TemporaryDirectory(prefix="wallflower-bench-") as name:
        folder, ports = Path(name), free_ports(2)
        async with (
            sidecar(folder / "sidecar", ports[0]) as server,
            home_assistant(folder / "home-assistant", ports[1], "bench", "wallflower") as instance,
        ):
            entry = await join(instance, server, cameras)
            took = await set_ups(instance, entry, 5)
            took_hops = await hops(instance, server, count)
            with_us = await load(instance, silence_s)
            await _enable(instance, entry, enabled=False)
            without_us = await load(instance, silence_s)
    report(cameras, took, took_hops, with_us, without_us)
    return 0


def report(cameras: int, took: Sequence[float], took_hops: Sequence[float], with_us: float, without_us: float) -> None:
    """Print both tables and write the figures."""
    series = {
        f"set-up of a hub with {cameras} cameras": (took, 2.0),
        "transcript.final → Home Assistant state": (took_hops, 0.1),
    }
    rows = [
        (name, len(values), percentile(values, 0.5), percentile(values, 0.95), max(values), budget)
        for name, (values, budget) in series.items()
    ]
    table("Seconds", ("what", "times", "p50", "p95", "max", "budget"), rows)
    table(
        "Home Assistant while nothing is said", ("", "% of a core"), [("with us", with_us), ("without us", without_us)]
    )
    figures = {"set_up_s": list(took), "hop_s": list(took_hops), "load": {"with": with_us, "without": without_us}}
    print(f"Written to {write('home_assistant', figures)}")


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="script/bench home_assistant", description=__doc__.partition("\n")[0])
    parser.add_argument("--cameras", type=int, default=30, help="how many cameras the hub has (default 30)")
    parser.add_argument("--sentences", type=int, default=200, help="how many texts to follow (default 200)")
    parser.add_argument("--silence", type=float, default=30.0, help="how many seconds of silence (default 30)")
    options = parser.parse_args()
    return asyncio.run(measure(options.cameras, options.sentences, options.silence))


if __name__ == "__main__":
    sys.exit(main())
