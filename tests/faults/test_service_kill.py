"""Kill -9 of the sidecar while it writes, and of its database's server: what was announced is stored, none twice."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
import signal

import aiohttp
import pytest

from tests.support.ports import free_port
from tests.support.postgres import Cluster
from tests.support.sidecar import Sidecar, SidecarEvent, sidecar
from tests.support.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

PORCH = {
    "name": "Porch",
    "url": "rtsp://127.0.0.1:9/never",
    "enabled": False,
    "keywords": [{"id": "sos", "phrases": ["help"]}],
}
SPEAKERS = 4
ROUNDS = ((1, False), (30, True), (100, False), (51, True))
"""So many announcements before the sidecar is killed, and whether the server is killed before that."""


class Announced:
    """What clients were told: the segments that were answered, and the events that were sent."""

    def __init__(self) -> None:
        self.segments: list[str] = []
        self.events: list[SidecarEvent] = []

    async def more(self, count: int) -> None:
        """Wait for so many announcements, the last of which is just being made."""
        until = len(self.segments) + len(self.events) + count
        await eventually(lambda: len(self.segments) + len(self.events) >= until, timeout_s=30, interval_s=0.0001)

    async def speak(self, server: Sidecar) -> None:
        """Have things said until the sidecar is gone."""
        while True:
            try:
                answer = await server.request("POST", "/streams/porch/simulate", {"text": "please help at the porch"})
                self.segments.append(answer["segment"]["id"])
            except AssertionError:
                await asyncio.sleep(0.05)  # 503: the database is away
            except aiohttp.ClientError:
                return

    async def listen(self, server: Sidecar) -> None:
        with suppress(aiohttp.ClientError):
            async for event in server.events():
                self.events += [event]


async def everything(server: Sidecar) -> tuple[list[str], list[SidecarEvent]]:
    """What is stored: the segments and the events."""
    last = await server.request("POST", "/streams/porch/simulate", {"text": "The last one."})
    events: list[SidecarEvent] = []
    async with asyncio.timeout(30):
        async for event in server.events(after=0):
            events.append(event)
            if event.type == "transcript.final" and event.data["id"] == last["segment"]["id"]:
                break
    segments, cursor = [], ""
    while True:
        page = await server.request("GET", f"/transcripts?limit=1000{cursor}")
        segments += [segment["id"] for segment in page["items"]]
        if page["next"] is None:
            return segments, events
        cursor = f"&cursor={page['next']}"


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest) -> tuple[dict[str, str], Callable[[], None]]:
    """Settings, and what kills the server and starts it again."""
    if request.param == "sqlite":
        return {}, lambda: None
    cluster: Cluster = request.getfixturevalue("postgres")

    def kill() -> None:
        cluster.stop(signal.SIGQUIT)
        cluster.start()

    return {"WALLFLOWER_DATABASE_URL": await cluster.new_database()}, kill


async def test_what_was_announced_is_stored_whoever_is_killed(
    database: tuple[dict[str, str], Callable[[], None]], tmp_path: Path
) -> None:
    env, kill_server = database
    announced = Announced()
    for announcements, with_server in ROUNDS:
        async with sidecar(tmp_path, free_port(), env=env) as server:
            await server.request("PUT", "/streams/porch", PORCH)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(announced.listen(server))
                for _ in range(SPEAKERS):
                    tasks.create_task(announced.speak(server))
                if with_server:
                    await announced.more(5)
                    await asyncio.to_thread(kill_server)
                await announced.more(announcements)
                server.process.kill()

    async with sidecar(tmp_path, free_port(), env=env) as server:
        segments, events = await everything(server)
        health = await server.request("GET", "/health")
        assert {check["name"]: check["status"] for check in health["checks"]}["database"] == "ok"

    assert len(segments) == len(set(segments))
    assert set(announced.segments) <= set(segments)
    numbered = {event.id: event for event in events}
    assert list(numbered) == list(range(1, len(events) + 1)), "no number is missing or given twice"
    assert [numbered[event.id] for event in announced.events] == announced.events
    finals = [event.data["id"] for event in events if event.type == "transcript.final"]
    hits = [event.data["segment"] for event in events if event.type == "keyword.detected"]
    assert sorted(finals) == sorted(segments), "a segment and its events are kept together or not at all"
    assert hits == finals[:-1]
