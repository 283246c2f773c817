"""What was said when: stored segments, their words and events against the camera's own send times, across faults."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import random
import time

import psutil
import pytest

from tests.faults.segment_times import TOLERANCE_S, Interval, compare, seconds, sent
from tests.support.clips import camera_clip
from tests.support.leaks import no_leaks
from tests.support.ports import free_port
from tests.support.rtsp_camera import FakeCamera
from tests.support.sidecar import Sidecar, SidecarEvent, sidecar
from tests.support.slow_link import slow_link
from tests.support.spoken_words import WordTrack, compose_words
from tests.support.stepped_clock import SteppedClock
from tests.support.waiting import eventually
from wallflower_sidecar.speech.models.find import bundled_model

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

SENTENCES = (
    "Good morning, the coffee is ready.",
    "The weather is very nice today.",
    "Turn off the lights before you leave.",
)
HOUR_S = 3600.0
EDGE_S = 1.0
"""How far from a connection's end or beginning the words nearest to it may be."""


@pytest.fixture(scope="module")
def talk() -> WordTrack:
    return compose_words(SENTENCES, pause_s=1.3)


@pytest.fixture(autouse=True)
def nothing_left():
    with no_leaks():
        yield


class Listener:
    """Every event of a sidecar as it comes."""

    def __init__(self, server: Sidecar) -> None:
        self.events: list[SidecarEvent] = []
        self.ended_at: dict[str, float] = {}
        """When (true seconds since 1970) the end of speech was told that the sidecar dates so."""

        self._task = asyncio.create_task(self._listen(server))

    async def _listen(self, server: Sidecar) -> None:
        async for event in server.events(types="speech.started,speech.ended,transcript.final"):
            self.events.append(event)
            if event.type == "speech.ended":
                self.ended_at[event.data["at"]] = time.time()

    def of(self, kind: str, stream: str | None = None) -> list[dict]:
        return [
            event.data
            for event in self.events
            if event.type == kind and (stream is None or event.data["stream"] == stream)
        ]

    async def next(self, kind: str, timeout_s: float = 20) -> dict:
        count = len(self.of(kind))
        await eventually(lambda: len(self.of(kind)) > count, timeout_s=timeout_s, interval_s=0.01)
        return self.of(kind)[-1]

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def listening(folder, streams: dict[str, str], env=None) -> AsyncIterator[tuple[Sidecar, Listener]]:
    """A sidecar with these cameras, all of them streaming."""
    async with sidecar(folder, free_port(), env={"WALLFLOWER_LANGUAGE": "en", **(env or {})}) as server:
        listener = Listener(server)
        try:
            for name, url in streams.items():
                await server.request("PUT", f"/streams/{name}", {"name": name, "url": url, "transport": "tcp"})
            await eventually(lambda: all_deliver(server), timeout_s=20)
            yield server, listener
        finally:
            await listener.stop()


async def all_deliver(server: Sidecar) -> bool:
    items = (await server.request("GET", "/streams"))["items"]
    return all(item["status"]["state"] in ("streaming", "degraded") for item in items)  # degraded: no picture


async def segments(server: Sidecar, stream: str) -> list[dict]:
    return (await server.request("GET", f"/transcripts?stream={stream}&limit=1000"))["items"]


def assert_events_agree(
    listener: Listener, stored: list[dict], stream: str, steps_s: tuple[float, ...] = (0.0,)
) -> None:
    """Each segment ended as `speech.ended` told and started as `speech.started` did, by the clock as it went then."""
    started = [seconds(event["at"]) for event in listener.of("speech.started", stream)]
    ended = {event["at"] for event in listener.of("speech.ended", stream)}
    for segment in stored:
        assert segment["end"] in ended
        start = seconds(segment["start"])
        assert any(abs(start + step - at) <= 0.002 for at in started for step in steps_s), segment["start"]


async def test_times_are_right_across_reconnects_slow_networks_and_engine_changes(tmp_path, talk):
    clip = camera_clip(talk, None)
    cameras = ("steady", "dropped", "restarted", "jumping")
    rng = random.Random(7)
    disturbed: dict[str, list[Interval]] = {name: [] for name in (*cameras, "slow")}

    def delay(since_s: float) -> float:
        return max(1.5 - since_s, min(rng.expovariate(1 / 0.05), 0.3))

    async with FakeCamera(dict.fromkeys(cameras, clip)) as camera, slow_link(camera.port, delay) as slow_port:
        urls = {name: camera.url(name) for name in cameras}
        urls["slow"] = camera.url("steady").replace(f":{camera.port}", f":{slow_port}")
        async with listening(tmp_path, urls) as (server, listener):
            began = time.time()

            async def in_mid_sentence(stream: str) -> None:
                count = len(listener.of("speech.started", stream))
                await eventually(lambda: len(listener.of("speech.started", stream)) > count, timeout_s=20)

            async def interrupt(stream: str, verb) -> None:
                await in_mid_sentence(stream)
                at, plays = time.time(), camera.counters(stream).plays_ever
                await verb(stream)
                await eventually(lambda: camera.counters(stream).plays_ever > plays, timeout_s=20)
                disturbed[stream].append(Interval(at - EDGE_S, time.time() + EDGE_S))

            async def change_engine() -> None:
                await listener.next("speech.started")
                kill_engine(server)
                await eventually(lambda: ready(server), timeout_s=20)
                await listener.next("speech.started")
                (tmp_path / "wallflower.toml").write_text(f'model = "{bundled_model().folder}"\n')
                assert (await server.request("POST", "/config/reload"))["changed"] == ["model"]

            async def jump() -> None:
                for shift_s in (7.0, -7.0, 40_000.0):
                    await in_mid_sentence("jumping")
                    await camera.jump("jumping", shift_s)

            await asyncio.gather(
                interrupt("dropped", camera.drop), interrupt("restarted", camera.restart), jump(), change_engine()
            )
            await eventually(lambda: ready(server), timeout_s=20)
            enough = {name: len(listener.of("speech.ended", name)) + 2 for name in urls}
            await eventually(
                lambda: all(len(listener.of("speech.ended", name)) >= count for name, count in enough.items()),
                timeout_s=20,
            )
            wanted = {name: len(listener.of("speech.ended", name)) for name in urls}
            await eventually(
                lambda: all(len(listener.of("transcript.final", name)) >= count for name, count in wanted.items()),
                timeout_s=40,
            )
            stored = {name: await segments(server, name) for name in urls}

        for name in urls:
            spoken = sent(camera, name if name in cameras else "steady", talk)
            first = Interval(began - 5.0, began + EDGE_S)
            errors = compare(stored[name], spoken, [first, *disturbed[name]])
            print(f"{name:10} {errors.summary()}")
            assert len(errors.starts) >= 3
            assert len(errors.words) >= errors.said * 0.6
            late = [error for error in errors.words if abs(error) > TOLERANCE_S]
            assert len(late) <= len(errors.words) * 0.05
            assert_events_agree(listener, stored[name], name)


async def test_after_a_step_of_the_system_clock_the_new_clock_holds(tmp_path, talk):
    clock = SteppedClock(tmp_path)
    async with FakeCamera({"porch": camera_clip(talk, None)}) as camera:
        async with listening(tmp_path / "data", {"porch": camera.url("porch")}, clock.environment) as (
            server,
            listener,
        ):
            began = time.time()
            await listener.next("transcript.final")
            for step_s in (HOUR_S, 2.0, -2.0, -HOUR_S):
                await listener.next("speech.started")  # in mid-sentence
                clock.step(step_s)
                await listener.next("speech.ended")  # in the silence after it
                clock.step(-step_s)
            await listener.next("speech.ended")
            await eventually(
                lambda: len(listener.of("transcript.final")) >= len(listener.of("speech.ended")), timeout_s=20
            )
            stored = await segments(server, "porch")

        spoken = sent(camera, "porch", talk)
        in_speech = [any(each.start < step.at < each.end for each in spoken) for step in clock.steps[1:]]
        assert in_speech[::2].count(True) >= 2
        assert in_speech[1::2].count(False) >= 2
        errors = compare(
            stored,
            spoken,
            [Interval(began - 5.0, began + EDGE_S)],
            lambda segment: clock.offset_at(listener.ended_at[segment["end"]]),
        )
        print(f"clock stepped: {errors.summary()}")
        assert len(errors.starts) >= 5
        assert_events_agree(listener, stored, "porch", (0.0, HOUR_S, 2.0, -2.0, -HOUR_S))


def kill_engine(server: Sidecar) -> None:
    for process in psutil.Process(server.process.pid).children(recursive=True):
        if any("speech.embedded.engine" in word for word in process.cmdline()):
            process.kill()
            return
    raise AssertionError("the sidecar has no engine")


async def ready(server: Sidecar) -> bool:
    health = await server.request("GET", "/health")
    return {check["name"]: check["status"] for check in health["checks"]}["transcriber"] == "ok"
