"""What is being said, read while it is said: a real camera, a real engine, and the engine's death in mid-draft."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
import os
from pathlib import Path
import signal
from typing import Any

import pytest

from tests.faults.conftest import SMALL
from tests.support.clips import camera_clip
from tests.support.hearing import word_error_rate, words
from tests.support.leaks import no_leaks
from tests.support.rtsp_camera import FakeCamera
from tests.support.sentences import SENTENCES
from tests.support.speech import compose, silence
from tests.support.waiting import eventually
from wallflower_sidecar.capture.link import WorkerLink
from wallflower_sidecar.domain.events import Event, EventType
from wallflower_sidecar.domain.streams import Stream, StreamState
from wallflower_sidecar.events import Replay
from wallflower_sidecar.service import Service
from wallflower_sidecar.settings import load_settings

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

TALE = SENTENCES[7:9]
"""Said in one breath: one utterance of about 5 s."""

PARTIAL, FINAL = EventType.TRANSCRIPT_PARTIAL, EventType.TRANSCRIPT_FINAL


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts what every capture worker sends, by type."""
    counts: Counter[str] = Counter()
    take = WorkerLink._take

    def counting(link, message):
        counts[message["t"]] += 1
        take(link, message)

    monkeypatch.setattr(WorkerLink, "_take", counting)
    return counts


@pytest.fixture
async def teller() -> AsyncIterator[FakeCamera]:
    """A camera before which nobody speaks yet."""
    async with FakeCamera({"porch": camera_clip(silence(5.12), SMALL)}) as camera:
        yield camera


async def talk(camera: FakeCamera) -> None:
    """Let the tale begin now; it is told again every 7 s."""
    await camera.swap("porch", camera_clip(compose(TALE, pause_s=0.25, duration_s=7.0), SMALL))


@asynccontextmanager
async def listening(folder: Path, camera: FakeCamera) -> AsyncIterator[Service]:
    """A service with the bundled model that hears the camera."""
    settings = load_settings({"WALLFLOWER_DATA_DIR": str(folder), "WALLFLOWER_LANGUAGE": "en"}).settings
    with no_leaks():
        async with Service.open(settings) as service:
            await eventually(lambda: service.transcriber().state == "ready", timeout_s=60)
            await service.streams.put(Stream("porch", "Porch", camera.url("porch")))
            await eventually(
                lambda: service.streams.status("porch").state is StreamState.STREAMING, timeout_s=20, interval_s=0.02
            )
            yield service


async def until_final(events: Replay) -> list[Event]:
    """What is told up to the next final."""
    seen: list[Event] = []
    async with asyncio.timeout(60):
        async for event in events:
            assert isinstance(event, Event)
            seen.append(event)
            if event.type is FINAL:
                break
    return seen


async def story(service: Service, **filters: Any) -> list[Event]:
    """What is told up to the next final."""
    async with service.events.open(**filters) as events:
        return await until_final(events)


async def test_a_listener_reads_along_and_without_one_nothing_is_handed_over(
    tmp_path: Path, teller: FakeCamera, received: Counter[str]
) -> None:
    async with listening(tmp_path, teller) as service:
        await talk(teller)
        await story(service, types=frozenset({FINAL}))
        assert (received["Spoken"], received["Growing"]) == (1, 0), "nobody listens for partials"

        speech = frozenset({EventType.SPEECH_STARTED, PARTIAL, FINAL})
        started, *partials, final = await story(service, stream="porch", types=speech)
        assert received["Growing"] >= len(partials)
        assert started.type is EventType.SPEECH_STARTED
        assert [event.type for event in partials] == [PARTIAL] * len(partials)
        assert len(partials) >= 2
        assert {event.data["utterance"] for event in partials} == {started.data["utterance"]}
        assert all(event.id is None for event in partials)
        texts = [words(event.data["text"]) for event in partials]
        assert len(texts[-1]) > len(texts[0])
        assert word_error_rate(TALE, final.data["text"]) <= 0.2
        told = words(final.data["text"])
        assert word_error_rate(told[: len(texts[-1])], texts[-1]) <= 0.4
        assert len(texts[0]) < len(told), "the first words are read before the last are said"

        handed_over = received["Growing"]
        await story(service, types=frozenset({FINAL}))
        assert received["Growing"] == handed_over, "the listener is gone"
        assert teller.counters("porch").plays_ever == 1, "all of it in one RTSP session"


async def test_an_engine_killed_in_mid_draft_costs_no_final_and_partials_go_on(
    tmp_path: Path, teller: FakeCamera
) -> None:
    async with listening(tmp_path, teller) as service:
        drafts = service._scheduler._drafts
        async with service.events.open(types=frozenset({PARTIAL, FINAL})) as events:
            await talk(teller)
            await eventually(lambda: drafts.in_hand == 1, timeout_s=40, interval_s=0.002)
            (item,) = drafts._in_hand.values()
            engine = service._transcriber.current.pid
            assert engine is not None
            os.kill(engine, signal.SIGKILL)
            await eventually(lambda: service.transcriber().state == "starting", timeout_s=10, interval_s=0.002)
            await eventually(lambda: service.transcriber().state == "ready", timeout_s=40, interval_s=0.02)
            assert service._transcriber.current.pid != engine
            *_, final = await until_final(events)
            *partials, _ = await until_final(events)
        assert word_error_rate(TALE, final.data["text"]) <= 0.2, "the utterance whose draft died"
        assert partials, "of the next utterance"
        assert item.utterance.id not in {event.data["utterance"] for event in partials}
        status = service.streams.status("porch").transcription
        assert status.dropped_drafts >= 1
        assert status.dropped_s == 0
        assert service._scheduler.faults == 0


async def test_a_stopped_engine_loses_drafts_and_keeps_finals(tmp_path: Path, teller: FakeCamera) -> None:
    """A recogniser that is far too slow for a while: its process is stopped for as long as drafts come."""
    async with listening(tmp_path, teller) as service:
        drafts = service._scheduler._drafts
        async with service.events.open(types=frozenset({PARTIAL, FINAL})) as events:
            await talk(teller)
            await eventually(lambda: drafts.in_hand == 1, timeout_s=40, interval_s=0.002)
            engine = service._transcriber.current.pid
            assert engine is not None
            os.kill(engine, signal.SIGSTOP)
            try:
                left_out = service.streams.status("porch").transcription.dropped_drafts
                await eventually(
                    lambda: service.streams.status("porch").transcription.dropped_drafts > left_out, timeout_s=20
                )
            finally:
                with suppress(ProcessLookupError):  # one that is stopped for long is replaced
                    os.kill(engine, signal.SIGCONT)
            *_, final = await until_final(events)
        assert word_error_rate(TALE, final.data["text"]) <= 0.2
        assert service.streams.status("porch").transcription.dropped_s == 0
