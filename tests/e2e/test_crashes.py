"""Kill -9 of worker, engine and sidecar: what was told stays, and listening goes on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import signal

import psutil
import pytest

from tests.support.sidecar import Sidecar, SidecarEvent, sidecar
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(180)]

BACK_S = 5.0


def child(server: Sidecar, module: str) -> psutil.Process:
    """Return the sidecar's child that runs a module."""
    for process in psutil.Process(server.process.pid).children(recursive=True):
        if any(module in word for word in process.cmdline()):
            return process
    raise AssertionError(f"the sidecar has no child {module}")


async def next_event(events: AsyncIterator[SidecarEvent], kind: str, timeout_s: float = 40) -> SidecarEvent:
    """Return the next event of a type."""
    async with asyncio.timeout(timeout_s):
        async for event in events:
            if event.type == kind:
                return event
    raise AssertionError(f"the event stream ended without {kind}")


async def streaming(server: Sidecar) -> bool:
    """Say whether the porch delivers."""
    return (await server.request("GET", "/streams/porch"))["status"]["state"] == "streaming"


async def test_a_killed_worker_is_back_within_five_seconds(server: Sidecar, porch: dict[str, object]) -> None:
    await server.request("PUT", "/streams/porch", porch)
    await eventually(lambda: streaming(server), timeout_s=10)
    events = server.events()
    await next_event(events, "transcript.final")
    worker = child(server, "capture.worker")

    worker.send_signal(signal.SIGKILL)

    died = await next_event(events, "stream.changed", 3)
    assert died.data["status"]["error"]["code"] == "worker_died"
    await eventually(lambda: streaming(server), timeout_s=BACK_S)
    assert (await next_event(events, "transcript.final")).data["stream"] == "porch"
    errors = (await server.request("GET", "/streams/porch/errors"))["items"]
    assert [error["code"] for error in errors] == ["worker_died"]
    assert errors[0]["recovered_at"] is not None
    assert not worker.is_running()


async def test_a_killed_engine_is_back_within_five_seconds_and_loses_no_sentence(
    server: Sidecar, porch: dict[str, object]
) -> None:
    await server.request("PUT", "/streams/porch", porch)
    events = server.events()
    before = await next_event(events, "transcript.final")
    started = await next_event(events, "speech.started")
    engine = child(server, "speech.embedded.engine")

    engine.send_signal(signal.SIGKILL)

    async def ready() -> bool:
        health = await server.request("GET", "/health")
        return {check["name"]: check["status"] for check in health["checks"]}["transcriber"] == "ok"

    await eventually(lambda: not engine.is_running(), timeout_s=2)
    await eventually(ready, timeout_s=BACK_S)
    heard = await next_event(events, "transcript.final")
    assert heard.data["start"] == started.data["at"]
    assert heard.id is not None
    assert before.id is not None
    assert heard.id > before.id


async def test_every_event_told_before_a_kill_of_the_sidecar_is_there_after_a_restart(
    tmp_path: Path, port: int, porch: dict[str, object]
) -> None:
    async with sidecar(tmp_path, port) as server:
        await server.request("PUT", "/streams/porch", porch)
        told: list[SidecarEvent] = []
        async with asyncio.timeout(60):
            async for event in server.events(after=0):
                told += [event] if event.type != "transcript.partial" else []
                if event.type == "keyword.detected":
                    break
        children = psutil.Process(server.process.pid).children(recursive=True)
        server.process.kill()
        await eventually(lambda: not any(process.is_running() for process in children), timeout_s=3)

    async with sidecar(tmp_path, port) as server:
        again: list[SidecarEvent] = []
        async with asyncio.timeout(20):
            async for event in server.events(after=0):
                again.append(event)
                if len(again) == len(told):
                    break

    assert again == told


async def test_sigterm_ends_everything_within_ten_seconds_with_clients_connected(
    server: Sidecar, porch: dict[str, object]
) -> None:
    await server.request("PUT", "/streams/porch", porch)
    await eventually(lambda: streaming(server), timeout_s=10)
    children = psutil.Process(server.process.pid).children(recursive=True)
    reader = asyncio.create_task(anext(aiter(server.events(types="keyword.retracted"))))
    await asyncio.sleep(0)

    server.process.process.terminate()
    async with asyncio.timeout(10):
        code = await server.process.process.wait()

    assert code == 0, "\n".join(server.process.lines)
    assert not any(process.is_running() for process in children)
    with pytest.raises(StopAsyncIteration):
        await reader
