"""Early hits for real: a camera, a recogniser, and the deaths of engine, worker and sidecar in mid-sentence."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
import os
from pathlib import Path
import signal

import psutil
import pytest

from tests.faults.conftest import SMALL
from tests.support.camera_process import CameraProcess
from tests.support.clips import camera_clip
from tests.support.ports import free_port
from tests.support.rtsp_camera import FakeCamera
from tests.support.sentences import SENTENCES
from tests.support.sidecar import Sidecar, sidecar
from tests.support.speech import compose, silence
from tests.support.waiting import eventually
from wallflower_sidecar.domain.events import Event, EventType
from wallflower_sidecar.domain.keywords import Rule
from wallflower_sidecar.events import Replay

from .test_partials import listening, talk

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

MILK = Rule("milk", "Milk", ("milk",), early=True)
"""Said in the first second of a tale of five."""

DETECTED, CONFIRMED, RETRACTED = (
    EventType.KEYWORD_DETECTED,
    EventType.KEYWORD_CONFIRMED,
    EventType.KEYWORD_RETRACTED,
)
HITS = frozenset({DETECTED, CONFIRMED, RETRACTED})


@pytest.fixture
async def teller() -> AsyncIterator[FakeCamera]:
    """A camera before which nobody speaks yet."""
    async with FakeCamera({"porch": camera_clip(silence(5.12), SMALL)}) as camera:
        yield camera


async def following(events: Replay) -> Event:
    async with asyncio.timeout(60):
        event = await anext(events)
    assert isinstance(event, Event)
    return event


async def test_a_keyword_is_told_while_the_sentence_goes_on_and_confirmed_at_its_end(
    tmp_path: Path, teller: FakeCamera
) -> None:
    async with listening(tmp_path, teller) as service:
        await service.house_rules.replace([MILK])
        types = HITS | {EventType.SPEECH_STARTED, EventType.SPEECH_ENDED}
        async with service.events.open(types=types) as events:
            await talk(teller)
            seen = [await following(events)]
            while seen[-1].type not in {CONFIRMED, RETRACTED}:
                seen.append(await following(events))
    assert [event.type.value for event in seen] == [
        "speech.started",
        "keyword.detected",
        "speech.ended",
        "keyword.confirmed",
    ]
    early, confirmed = seen[1], seen[3]
    assert (early.data["state"], early.data["segment"]) == ("early", None)
    assert early.data["id"] == confirmed.data["id"]
    assert (confirmed.data["state"], confirmed.data["segment"] is None) == ("confirmed", False)
    assert len(confirmed.data["text"]) > len(early.data["text"])


async def test_an_engine_killed_after_an_early_hit_costs_no_confirmation(tmp_path: Path, teller: FakeCamera) -> None:
    async with listening(tmp_path, teller) as service:
        await service.house_rules.replace([MILK])
        async with service.events.open(types=HITS) as events:
            await talk(teller)
            early = await following(events)
            engine = service._transcriber.current.pid
            assert engine is not None
            os.kill(engine, signal.SIGKILL)
            settled = await following(events)
    assert (early.type, settled.type) == (DETECTED, CONFIRMED)
    assert settled.data["id"] == early.data["id"]


async def test_what_a_dead_worker_takes_with_it_is_retracted(tmp_path: Path, teller: FakeCamera) -> None:
    others = workers()
    async with listening(tmp_path, teller) as service:
        await service.house_rules.replace([MILK])
        async with service.events.open(types=HITS) as events:
            await talk(teller)
            early = await following(events)
            (worker,) = workers() - others
            worker.kill()
            settled = await following(events)
    assert (early.type, settled.type) == (DETECTED, RETRACTED)
    assert settled.data == {**early.data, "state": "retracted"}


def workers() -> set[psutil.Process]:
    """The capture workers of this process, those of other tests' services among them."""
    children = psutil.Process().children(recursive=True)
    return {child for child in children if any("capture.worker" in word for word in child.cmdline())}


async def test_a_killed_sidecar_settles_each_early_hit_after_its_next_start(tmp_path: Path) -> None:
    clip = camera_clip(compose(SENTENCES[7:9], pause_s=0.25, duration_s=7.0), SMALL)
    port = free_port()
    async with CameraProcess({"porch": clip}) as camera:
        async with sidecar(tmp_path, port) as server:
            rule = {"id": "milk", "phrases": ["milk"], "early": True}
            porch = {"name": "Porch", "url": camera.url("porch"), "language": "en", "keywords": [rule]}
            await server.request("PUT", "/streams/porch", porch)
            hit = await first_early_hit(server)
            children = psutil.Process(server.process.pid).children(recursive=True)
            server.process.kill()
            await eventually(lambda: not any(child.is_running() for child in children), timeout_s=5)
        async with sidecar(tmp_path, port) as server:
            listed = (await server.request("GET", "/keywords/hits?limit=1000"))["items"]
            (kept,) = (each for each in listed if each["id"] == hit["id"])
            assert kept["state"] in {"confirmed", "retracted"}, "no early hit is left over"
            told = await hit_events(server, hit["id"])
    assert told == ["keyword.detected", f"keyword.{kept['state']}"]


async def first_early_hit(server: Sidecar) -> dict[str, object]:
    async with asyncio.timeout(60), aclosing(server.events(types="keyword.detected")) as events:
        async for event in events:
            if event.data["state"] == "early":
                return event.data
    raise AssertionError("the event stream ended")


async def hit_events(server: Sidecar, hit_id: object) -> list[str]:
    """What is kept of a hit's events."""
    types = "keyword.detected,keyword.confirmed,keyword.retracted"
    told: list[str] = []
    async with asyncio.timeout(30), aclosing(server.events(after=0, types=types)) as events:
        async for event in events:
            if event.data["id"] == hit_id:
                told.append(event.type)
            if len(told) == 2:
                return told
    return told
