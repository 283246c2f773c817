"""A disk that takes nothing more: listening goes on, health says so, and all heals by itself."""

from pathlib import Path

import aiohttp
import psutil
import pytest

from tests.support.full_disk import full_disk
from tests.support.ports import free_port
from tests.support.rtsp_camera import FakeCamera
from tests.support.sidecar import Sidecar, sidecar
from tests.support.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]


async def check(server: Sidecar, name: str) -> str:
    health = await server.request("GET", "/health")
    return next(check["status"] for check in health["checks"] if check["name"] == name)


async def state(server: Sidecar) -> str:
    return (await server.request("GET", "/streams/porch"))["status"]["state"]


async def test_the_sidecar_outlives_a_full_disk_and_heals_by_itself(
    tmp_path: Path, camera: FakeCamera, clip: Path
) -> None:
    async with sidecar(tmp_path, free_port()) as server:
        await server.request("PUT", "/streams/porch", {"name": "Porch", "url": camera.url("porch")})
        await eventually(lambda: said(server), timeout_s=30)
        token = (await server.request("POST", "/pair", {"code": await server.pairing_code()}))["token"]
        children = {child.pid for child in psutil.Process(server.process.pid).children()}

        with full_disk(server):
            await server.request("POST", "/streams/porch/simulate", {"text": "Nobody keeps this."}, status=503)
            assert await check(server, "database") == "degraded"
            # A client whose token was never used must be able to look, and a camera's troubles are noticed.
            async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as client:
                assert (await client.get(f"{server.url}/api/v1/streams")).status == 200
            await camera.refuse()
            await eventually(lambda: is_state(server, "backoff"), timeout_s=10)
            await camera.listen()
            await eventually(lambda: is_state(server, "streaming"), timeout_s=20)
            await eventually(lambda: is_degraded(server, "transcripts"), timeout_s=30)
            assert await check(server, "database") == "degraded"

        await eventually(lambda: is_well(server), timeout_s=10)
        assert {child.pid for child in psutil.Process(server.process.pid).children()} == children
        newest = (await server.request("GET", "/transcripts?limit=1"))["items"]
        await eventually(lambda: said(server, unlike=newest), timeout_s=30)
        told = [event async for event in all_events(server)]
        numbers = [event.id for event in told]
        assert numbers == sorted(set(numbers))
        states = [event.data["status"]["state"] for event in told if event.type == "stream.changed"]
        assert states[-1] == "streaming"
        assert "backoff" in states, "what happened meanwhile is told once it can be kept"
        errors = (await server.request("GET", "/streams/porch/errors"))["items"]
        assert errors
        assert all(error["recovered_at"] for error in errors)
        assert await dropped(server) == 0


async def test_a_stop_with_a_full_disk_is_in_time_and_clean(tmp_path: Path, camera: FakeCamera) -> None:
    async with sidecar(tmp_path, free_port()) as server:
        await server.request("PUT", "/streams/porch", {"name": "Porch", "url": camera.url("porch")})
        await eventually(lambda: is_state(server, "streaming"), timeout_s=20)
        with full_disk(server):
            await server.request("POST", "/streams/porch/simulate", {"text": "Nobody keeps this."}, status=503)

            server.process.process.terminate()

            assert await eventually(lambda: server.process.process.returncode is not None, timeout_s=10)
        assert server.process.process.returncode == 0, "\n".join(server.process.lines)


async def said(server: Sidecar, unlike: object = ()) -> bool:
    newest = (await server.request("GET", "/transcripts?limit=1"))["items"]
    return bool(newest) and newest != unlike


async def is_state(server: Sidecar, expected: str) -> bool:
    return await state(server) == expected


async def is_well(server: Sidecar) -> bool:
    return await check(server, "database") == "ok"


async def is_degraded(server: Sidecar, name: str) -> bool:
    return await check(server, name) == "degraded"


async def dropped(server: Sidecar) -> float:
    return float((await server.request("GET", "/streams/porch"))["status"]["transcription"]["dropped_s"])


async def all_events(server: Sidecar):
    newest = None
    async for event in server.events(after=0):
        yield event
        if newest is None:
            await server.request("POST", "/streams/porch/simulate", {"text": "The last one."})
            newest = "The last one."
        if event.type == "transcript.final" and event.data["text"] == newest:
            return
