"""A stream whose transcription is paused: its camera sends no sound, whatever dies; and then it is heard again."""

from pathlib import Path
import signal
import time

import pytest

from tests.support.camera_process import CameraProcess
from tests.support.clips import camera_clip
from tests.support.sentences import HELP
from tests.support.sidecar import Sidecar, sidecar
from tests.support.speech import compose
from tests.support.waiting import eventually

from .test_crashes import child, next_event, streaming

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(180)]


async def pause(server: Sidecar, *, on: bool) -> dict[str, object]:
    status: dict[str, object] = (await server.request("PATCH", "/streams/porch", {"transcribe": not on}))["status"]
    return status


async def only_watched(camera: CameraProcess) -> bool:
    counters = await camera.counters("porch")
    return (counters.plays_now, counters.video_now, counters.audio_now) == (1, 1, 0)


async def test_what_is_paused_while_somebody_speaks_stays_so_through_deaths_and_is_heard_again_afterwards(
    tmp_path: Path, port: int, camera: CameraProcess, porch: dict[str, object]
) -> None:
    async with sidecar(tmp_path, port) as server:
        await server.request("PUT", "/streams/porch", porch)
        events = server.events()
        await next_event(events, "transcript.final")
        await next_event(events, "speech.started")
        asked = time.time()
        status = await pause(server, on=True)
        assert (status["state"], status["audio"], status["speaking"]) == ("streaming", None, False)
        await next_event(events, "speech.ended", 3)
        await eventually(lambda: only_watched(camera), timeout_s=5)
        counters = await camera.counters("porch")
        assert counters.audio_sent_at - asked < 2.0
        newest = (await server.request("GET", "/transcripts?limit=1"))["items"][0]["id"]

        child(server, "capture.worker").send_signal(signal.SIGKILL)
        await next_event(events, "stream.changed", 3)
        await eventually(lambda: streaming(server), timeout_s=10)
        server.process.kill()

    async with sidecar(tmp_path, port) as server:
        await eventually(lambda: streaming(server), timeout_s=15)
        assert await only_watched(camera)
        assert (await camera.counters("porch")).audio_setups == counters.audio_setups
        assert (await server.request("GET", "/transcripts?limit=1"))["items"][0]["id"] == newest
        events = server.events()
        await pause(server, on=False)
        heard = await next_event(events, "transcript.final")
        assert heard.data["id"] != newest


async def test_a_camera_of_sound_alone_rests_while_it_is_paused_and_that_is_no_fault(tmp_path: Path, port: int) -> None:
    async with (
        CameraProcess({"porch": camera_clip(compose((HELP,), pause_s=1.5), None)}) as camera,
        sidecar(tmp_path, port) as server,
    ):
        body = {"name": "Porch", "url": camera.url("porch"), "transcribe": False}
        await server.request("PUT", "/streams/porch", body)

        async def rests() -> bool:
            status = (await server.request("GET", "/streams/porch"))["status"]
            return (await camera.counters("porch")).describes > 0 and (status["state"], status["error"]) == (
                "idle",
                None,
            )

        await eventually(rests, timeout_s=10)
        health = await server.request("GET", "/health")
        assert {check["name"]: check["status"] for check in health["checks"]}["cameras"] == "ok"
        assert (await server.request("GET", "/streams/porch/errors"))["items"] == []
        assert (await camera.counters("porch")).audio_setups == 0
        events = server.events()
        await pause(server, on=False)
        await next_event(events, "transcript.final")
