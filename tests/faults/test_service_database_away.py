"""A database that is away for a while: what is said meanwhile is kept, and stored once it is back."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
import signal

import pytest

from tests.support.full_disk import full_disk
from tests.support.ports import free_port
from tests.support.postgres import Cluster
from tests.support.rtsp_camera import FakeCamera
from tests.support.sidecar import Sidecar, SidecarEvent, sidecar
from tests.support.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]

MANY = 3
"""So many sentences must wait before the database comes back, or the sidecar stops."""

NAMES = ("pool", "porch")

type TakeAway = Callable[[Sidecar], AbstractContextManager[None]]


@contextmanager
def killed(cluster: Cluster) -> Iterator[None]:
    cluster.stop(signal.SIGQUIT)
    try:
        yield
    finally:
        cluster.start()


@pytest.fixture(params=["full disk", "killed server", "frozen server"])
async def away(request: pytest.FixtureRequest) -> tuple[dict[str, str], TakeAway]:
    """The settings of a database, and what takes it away within a block."""
    if request.param == "full disk":
        return {}, full_disk
    cluster: Cluster = request.getfixturevalue("postgres")
    env = {"WALLFLOWER_DATABASE_URL": await cluster.new_database()}
    if request.param == "killed server":
        return env, lambda _: killed(cluster)
    return env, lambda _: cluster.frozen()


async def check(server: Sidecar, name: str) -> dict[str, str]:
    health = await server.request("GET", "/health")
    return next(check for check in health["checks"] if check["name"] == name)


async def many_wait(server: Sidecar) -> bool:
    detail = (await check(server, "transcripts"))["detail"]
    return detail[0].isdigit() and int(detail.split()[0]) >= MANY


async def is_degraded(server: Sidecar) -> bool:
    return [(await check(server, name))["status"] for name in ("database", "transcripts")] == ["degraded", "degraded"]


async def is_well(server: Sidecar) -> bool:
    return [(await check(server, name))["status"] for name in ("database", "transcripts")] == ["ok", "ok"]


async def is_refused(server: Sidecar) -> dict[str, str]:
    return await server.request("GET", "/transcripts", status=503)


async def stored(server: Sidecar) -> list[dict[str, str]]:
    return (await server.request("GET", "/transcripts?limit=1000"))["items"]


async def both_said(server: Sidecar) -> bool:
    return {segment["stream"] for segment in await stored(server)} == set(NAMES)


async def listen(server: Sidecar, camera: FakeCamera) -> None:
    """Listen to two cameras; ends when each has said something that is stored."""
    for name, source in zip(NAMES, ("blind", "porch"), strict=True):
        await server.request("PUT", f"/streams/{name}", {"name": name, "url": camera.url(source)})
    await eventually(lambda: both_said(server), timeout_s=60)


async def dropped_s(server: Sidecar) -> float:
    streams = (await server.request("GET", "/streams"))["items"]
    return sum(stream["status"]["transcription"]["dropped_s"] for stream in streams)


async def collect(server: Sidecar, told: list[SidecarEvent], *, after: int | None = None) -> None:
    async for event in server.events(after=after):
        told += [event]


def starts(events: list[SidecarEvent], kind: str, stream: str, field: str) -> list[str]:
    return [event.data[field] for event in events if event.type == kind and event.data["stream"] == stream]


async def test_every_sentence_said_meanwhile_is_stored_once_and_told_in_order(
    away: tuple[dict[str, str], TakeAway], tmp_path: Path, camera: FakeCamera
) -> None:
    env, take_away = away
    live: list[SidecarEvent] = []
    async with sidecar(tmp_path, free_port(), env=env) as server, asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(collect(server, live))
        await listen(server, camera)

        with take_away(server):
            asking = tasks.create_task(is_refused(server)) if env else None
            await eventually(lambda: many_wait(server), timeout_s=100, interval_s=0.5)
            await eventually(lambda: is_degraded(server), timeout_s=15)
            if asking is not None:
                async with asyncio.timeout(15):
                    assert (await asking)["code"] == "unavailable", "whoever asks is told so soon"

        await eventually(lambda: is_well(server), timeout_s=60)
        assert await dropped_s(server) == 0
        kept = Counter((segment["stream"], segment["start"]) for segment in await stored(server))
        last = live[-1].id or 0
        again: list[SidecarEvent] = []
        repeating = tasks.create_task(collect(server, again, after=0))
        await eventually(lambda: bool(again) and (again[-1].id or 0) >= last)
        for task in (reading, repeating):
            task.cancel()

    assert set(kept.values()) == {1}, "nothing is stored twice"
    for name in NAMES:
        finals = starts(again, "transcript.final", name, "start")
        spoken = starts(again, "speech.started", name, "at")
        assert finals == sorted(set(finals)), "in order, and each once"
        assert {start for stream, start in kept if stream == name} <= set(finals)
        # Whatever came first was joined in mid-sentence.
        textless = {at for at in spoken if finals[0] <= at <= finals[-1]} - set(finals)
        assert not textless, "every utterance has its text"
    numbers = [event.id for event in live if event.id is not None]
    known = [event.id for event in again if event.id is not None]
    assert known[: len(numbers)] == numbers, "who listened was told all of it, in order"


async def test_a_stop_meanwhile_is_in_time_and_says_how_much_was_lost(
    away: tuple[dict[str, str], TakeAway], tmp_path: Path, camera: FakeCamera
) -> None:
    env, take_away = away
    async with sidecar(tmp_path, free_port(), env=env) as server:
        await listen(server, camera)

        with take_away(server):
            await eventually(lambda: many_wait(server), timeout_s=100, interval_s=0.5)
            server.process.process.terminate()
            code = await server.process.ended(10)

        lines = server.process.lines
        assert code == 0, "\n".join(lines)
        assert any("sentences could not be stored before the stop" in line for line in lines), "\n".join(lines)
        assert not any("the rest is cut off" in line for line in lines), "\n".join(lines)
        assert not any("front door" in line.lower() for line in lines)
