"""One PostgreSQL server: several sidecars on it, one that comes later than its sidecar, one that is stopped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
import signal
from typing import Any

import aiohttp
import pytest

from tests.support.child_process import running
from tests.support.ports import free_port
from tests.support.postgres import Cluster
from tests.support.sidecar import TOKEN, Sidecar, sidecar, wallflower
from tests.support.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

PASSWORD = "n0t-t0-be-shown"


def camera(name: str) -> dict[str, Any]:
    return {"name": name, "url": "rtsp://127.0.0.1:9/never", "enabled": False}


@pytest.fixture
async def env(postgres: Cluster) -> dict[str, str]:
    """Settings with a database of its own; the server trusts everybody, whatever the password is."""
    url = await postgres.new_database()
    return {"WALLFLOWER_DATABASE_URL": url.replace("postgres@", f"postgres:{PASSWORD}@")}


@pytest.fixture
async def houses(env: dict[str, str], tmp_path: Path) -> AsyncIterator[tuple[Sidecar, Sidecar]]:
    """Two sidecars, each with a `porch` of its own in which it heard something, and another camera."""
    async with AsyncExitStack() as stack:
        both = [await stack.enter_async_context(sidecar(tmp_path / name, free_port(), env=env)) for name in "ab"]
        for server, name in zip(both, ("Front porch", "Back porch"), strict=True):
            await server.request("PUT", "/streams/porch", camera(name))
            await server.request("PUT", f"/streams/{name.split()[0].lower()}", camera(f"{name}'s other"))
            await server.request("POST", "/streams/porch/simulate", {"text": f"{name} is heard."})
        first, second = both
        yield first, second


async def texts(server: Sidecar, query: str = "") -> set[str]:
    return {item["text"] for item in (await server.request("GET", f"/transcripts?limit=100{query}"))["items"]}


async def told(server: Sidecar, enough: int = 1) -> list[str]:
    """The sentences of the event log, so many at least."""
    found = []
    async with asyncio.timeout(20):
        async for event in server.events(after=0, types="transcript.final"):
            found.append(event.data["text"])
            if len(found) == enough:
                return found
    raise AssertionError(found)


async def exported(server: Sidecar) -> str:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session:
        url = f"{server.url}/api/v1/transcripts/export?format=txt"
        async with session.get(url) as answer:
            return await answer.text()


async def test_each_has_its_own_and_reads_what_all_heard(houses: tuple[Sidecar, Sidecar]) -> None:
    first, second = houses
    everything = {"Front porch is heard.", "Back porch is heard."}
    for server, name in ((first, "Front porch"), (second, "Back porch")):
        streams = {stream["id"]: stream["name"] for stream in (await server.request("GET", "/streams"))["items"]}
        assert streams == {"porch": name, name.split()[0].lower(): f"{name}'s other"}
        assert await told(server) == [f"{name} is heard."]
        assert await texts(server) == await texts(server, "&stream=porch") == everything
        assert await texts(server, "&q=heard") == everything
    await second.request("POST", "/streams/back/simulate", {"text": "From another camera."})
    assert "Back porch's other: From another camera." in await exported(first)
    assert "Front porch / Back porch: Back porch is heard." in await exported(first), "both have a porch"
    assert "Back porch / Front porch: Back porch is heard." in await exported(second)


async def test_deleting_touches_only_ones_own(houses: tuple[Sidecar, Sidecar]) -> None:
    first, second = houses
    await first.request("DELETE", "/transcripts?stream=porch")
    assert await texts(first) == await texts(second) == {"Back porch is heard."}
    await second.request("POST", "/forget", {"minutes": 10})
    assert await texts(first) == set()
    await first.request("DELETE", "/streams/porch?purge=true")
    assert [each["id"] for each in (await second.request("GET", "/streams"))["items"]] == ["back", "porch"]


async def test_a_second_one_with_the_same_id_is_refused(
    houses: tuple[Sidecar, Sidecar], env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "server_id").write_bytes((tmp_path / "a" / "server_id").read_bytes())
    copy = {**env, "WALLFLOWER_DATA_DIR": str(tmp_path / "copy"), "WALLFLOWER_PORT": str(free_port())}
    async with running("copy", wallflower(), "serve", env=copy) as process:
        assert await process.ended(60) == 1
        (line,) = [line for line in process.lines if "same server id" in line]
        assert "Each needs a data folder of its own" in line
        assert PASSWORD not in "\n".join(process.lines)
    await houses[0].request("POST", "/streams/porch/simulate", {"text": "Still here."})


async def test_a_sidecar_waits_for_its_server_and_outlives_its_stop(
    env: dict[str, str], postgres: Cluster, tmp_path: Path
) -> None:
    """The server is stopped first, started once the sidecar waits for it, then stopped and started again."""
    settings = {**env, "WALLFLOWER_DATA_DIR": str(tmp_path), "WALLFLOWER_PORT": str(free_port())}
    settings["WALLFLOWER_TOKEN"] = TOKEN
    postgres.stop()
    try:
        async with (
            running("sidecar", wallflower(), "serve", env=settings) as process,
            aiohttp.ClientSession() as session,
        ):
            server = Sidecar(f"http://127.0.0.1:{settings['WALLFLOWER_PORT']}", process, session)
            await eventually(lambda: any("Waiting for it" in line for line in process.lines), timeout_s=30)
            postgres.start()
            await eventually(lambda: said(server, "before"), timeout_s=30)
            postgres.stop()
            await server.request("POST", "/streams/porch/simulate", {"text": "Lost."}, status=503)
            assert await condition(server) == "degraded"
            postgres.start()
            await eventually(lambda: said(server, "after"), timeout_s=30)
            await eventually(lambda: is_well(server), timeout_s=30)
            assert await texts(server) >= {"before", "after"}
            assert PASSWORD not in "\n".join(process.lines)
    finally:
        postgres.stop(signal.SIGQUIT)
        postgres.start()


async def said(server: Sidecar, text: str) -> bool:
    try:
        await server.request("PUT", "/streams/porch", camera("Porch"))
        await server.request("POST", "/streams/porch/simulate", {"text": text})
    except aiohttp.ClientError as error:
        raise AssertionError(str(error)) from error
    return True


async def condition(server: Sidecar) -> str:
    return str((await server.request("GET", "/health"))["status"])


async def is_well(server: Sidecar) -> bool:
    checks = (await server.request("GET", "/health"))["checks"]
    return {check["name"]: check["status"] for check in checks}["database"] == "ok"
