"""`transcript.partial` and `transcript.suppressed` as they stand on the wire."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.support.clips import Picture, camera_clip
from tests.support.ports import free_ports
from tests.support.rtsp_camera import FakeCamera
from tests.support.sentences import SENTENCES
from tests.support.sidecar import sidecar
from tests.support.speech import compose
from wallflower_sidecar.domain.transcripts import Suppressed, Transcript, Utterance, new_id

from .api_client import Api, Background

LIVE = "transcript.partial,transcript.suppressed,speech.started,transcript.final"


def utterance_on(stream: str) -> Utterance:
    """Two seconds of it."""
    at = datetime(2026, 11, 22, 7, 20, 42, 125_000, tzinfo=UTC)
    return Utterance(new_id(), stream, at, at + timedelta(seconds=2), at, bytes(64_000))


def tell(background: Background, utterance: Utterance, text: str, **more: Any) -> None:
    """Have a draft's and then the final's text arrive from the transcriber."""
    service = background.service

    async def arrive() -> None:
        service._reports.speech_started(utterance.stream, utterance.id, utterance.start)
        while service._listening.partials._growing[utterance.id].start_told is False:
            await asyncio.sleep(0.01)
        service._listening.drafted(utterance, Transcript(text, "en", 1.0))
        service._reports.speech_ended(utterance.stream, utterance.id, utterance.end)
        service._listening.heard(utterance, Transcript(text, "en", 1.0, **more))

    background.call(arrive())


def test_partials_stand_between_start_and_final_without_an_id_and_are_not_replayed(
    api: Api, background: Background, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(enabled=True, url="rtsp://127.0.0.1:9/never")
    utterance = utterance_on(stream)
    with api.events(f"?stream={stream}&types={LIVE}") as reader:
        tell(background, utterance, "please help")
        events = [reader.next() for _ in range(3)]
    assert [event.type for event in events] == ["speech.started", "transcript.partial", "transcript.final"]
    assert events[2].data["utterance"] == utterance.id
    assert events[1].id is None
    assert events[1].data == {
        "stream": stream,
        "utterance": utterance.id,
        "start": "2026-11-22T07:20:42.125Z",
        "text": "please help",
    }
    with api.events(f"?stream={stream}&types=transcript.partial,transcript.final&after={events[0].id}") as reader:
        assert reader.next().type == "transcript.final"


@pytest.mark.parametrize(("types", "told"), [("", False), (f"&types={LIVE}", True)])
def test_text_that_was_not_believed_is_for_who_names_it(
    api: Api, background: Background, make_stream: Callable[..., str], types: str, told: bool
) -> None:
    stream = make_stream(enabled=True, url="rtsp://127.0.0.1:9/never")
    doubted = utterance_on(stream)
    with api.events(f"?stream={stream}{types}") as reader:
        tell(background, doubted, "hello", suppressed=(Suppressed("thank you", "no_speech"),))
        seen = []
        reader.until(lambda event: seen.append(event) or event.type == "transcript.final")
    suppressed = [event for event in seen if event.type == "transcript.suppressed"]
    assert [(event.id, event.data) for event in suppressed] == [
        (
            None,
            {
                "stream": stream,
                "utterance": doubted.id,
                "start": "2026-11-22T07:20:42.125Z",
                "text": "thank you",
                "reason": "no_speech",
            },
        )
    ] * told


@pytest.mark.timeout(120)
async def test_a_running_sidecar_tells_what_is_being_said(tmp_path: Path) -> None:
    clip = camera_clip(compose(SENTENCES[7:9], pause_s=0.25, duration_s=7.0), Picture(width=320, height=180))
    (port,) = free_ports(1)
    async with FakeCamera({"porch": clip}) as camera, sidecar(tmp_path, port) as server:
        await server.request(
            "PUT", "/streams/porch", {"name": "Porch", "url": camera.url("porch"), "language": "en", "store": "nothing"}
        )
        partials: dict[str, list[dict[str, Any]]] = {}
        async with asyncio.timeout(90):
            async for event in server.events(types="transcript.partial,transcript.final"):
                if event.type == "transcript.partial":
                    assert event.id is None
                    partials.setdefault(event.data["utterance"], []).append(event.data)
                elif partials:
                    break
        assert event.data["text"]
        told = list(partials.values())[-1]
        start = datetime.fromisoformat(event.data["start"])
        assert all(abs(datetime.fromisoformat(each["start"]) - start) < timedelta(seconds=0.3) for each in told)
        texts = ["", *(each["text"] for each in told)]
        assert all(before != after for before, after in itertools.pairwise(texts))
        status = (await server.request("GET", "/streams/porch"))["status"]["transcription"]
        assert status.keys() >= {"suppressed", "dropped_drafts"}
