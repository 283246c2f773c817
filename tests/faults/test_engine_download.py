"""Fetching a model: progress that can be seen, what breaks it, and that there is never half a model."""

from contextlib import asynccontextmanager
import os
import signal

import pytest

from tests.support.hearing import words
from tests.support.ports import free_port
from tests.support.sentences import DOOR
from tests.support.speech import synthesise
from tests.support.waiting import eventually
from tests.unit.speech.running import ready, running
from tests.unit.speech.scripted_hub import scripted_hub
from tests.unit.speech.utterances import utterance_of
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.transcripts import Hints
from wallflower_sidecar.speech import EmbeddedTranscriber
from wallflower_sidecar.speech.models import HUB_MODELS, MANIFEST, LocalModel, bundled_model, check_model, find_model

pytestmark = pytest.mark.faults

HALF = 40_000_000


@pytest.fixture
def hub(monkeypatch):
    with scripted_hub(HUB_MODELS["tiny.en"], bundled_model().folder) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("HF_TOKEN", "secret-of-this-machine")
        yield running


@asynccontextmanager
async def fetching(models_dir):
    transcriber = EmbeddedTranscriber("tiny.en", models_dir=models_dir, clock=SystemClock())
    seen = []
    transcriber.subscribe(seen.append)
    async with running(transcriber):
        yield transcriber, seen


def first_byte(wanted):
    return int(wanted.removeprefix("bytes=").partition("-")[0])


def assert_whole(models_dir):
    """The model is in its place, whole and checked, and nothing else is left."""
    model = find_model("tiny.en", models_dir)
    assert isinstance(model, LocalModel)
    assert set(model.sha256) == {"config.json", "model.bin", "tokenizer.json", "vocabulary.txt"}
    check_model(model)
    assert [path.name for path in models_dir.iterdir()] == ["tiny.en"]


async def test_a_named_model_is_fetched_with_progress_and_used(hub, tmp_path):
    async with fetching(tmp_path) as (transcriber, seen):
        await ready(transcriber)
        progress = [info.progress for info in seen if info.state == "downloading"]
        assert len(progress) > 3
        assert progress == sorted(progress)
        assert 0 <= progress[0] < 1
        assert progress[-1] > 0.99
        transcript = await transcriber.transcribe(utterance_of(synthesise(DOOR)), Hints("en"))
        assert words(transcript.text) == words(DOOR)
    assert_whole(tmp_path)
    assert "README.md" not in {name for name, _ in hub.asked}
    assert hub.credentials == set()


async def test_a_fetched_model_is_not_fetched_again(hub, tmp_path):
    async with fetching(tmp_path) as (transcriber, _):
        await ready(transcriber)
    hub.asked.clear()
    async with fetching(tmp_path) as (transcriber, seen):
        await ready(transcriber)
        assert "downloading" not in {info.state for info in seen}
    assert hub.asked == []


async def test_a_connection_that_breaks_off_is_taken_up_where_it_broke(hub, tmp_path):
    hub.cut_at = [HALF]
    async with fetching(tmp_path) as (transcriber, _):
        await ready(transcriber)
    ranges = [wanted for name, wanted in hub.asked if name == "model.bin"]
    assert ranges[0] is None
    assert HALF // 2 < first_byte(ranges[1]) <= HALF
    assert_whole(tmp_path)


async def test_an_engine_killed_in_the_middle_goes_on_where_it_was(hub, tmp_path):
    hub.pause_at = HALF
    async with fetching(tmp_path) as (transcriber, _):
        await eventually(lambda: (transcriber.info.progress or 0) > 0.3, timeout_s=20)
        assert not (tmp_path / "tiny.en").exists()
        hub.pause_at = None
        os.kill(transcriber.pid, signal.SIGKILL)
        await ready(transcriber)
    assert first_byte([wanted for name, wanted in hub.asked if name == "model.bin"][-1]) > HALF // 2
    assert_whole(tmp_path)


async def test_a_file_that_arrives_damaged_is_fetched_again_and_never_used(hub, tmp_path):
    hub.damage = {"model.bin"}
    async with fetching(tmp_path) as (transcriber, _):
        await eventually(lambda: transcriber.info.state == "failed", timeout_s=30)
        assert "model.bin" in transcriber.info.detail
        assert "damaged" in transcriber.info.detail
        await ready(transcriber)
    assert_whole(tmp_path)


async def test_a_small_file_that_arrives_damaged_is_noticed_too(hub, tmp_path):
    hub.damage = {"vocabulary.txt"}
    async with fetching(tmp_path) as (transcriber, _):
        await eventually(lambda: transcriber.info.state == "failed", timeout_s=30)
        assert "vocabulary.txt" in transcriber.info.detail
        assert not list(tmp_path.glob(f"*/{MANIFEST}"))


async def test_without_a_network_the_sentence_says_so_and_the_engine_stays_up(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    async with fetching(tmp_path) as (transcriber, _):
        await eventually(lambda: transcriber.info.state == "failed", timeout_s=30)
        assert "could not be fetched" in transcriber.info.detail
        assert "tried again by itself" in transcriber.info.detail
        assert transcriber.restarts == 0


async def test_a_hub_that_answers_nonsense_is_an_error_and_the_engine_stays_up(hub, tmp_path):
    hub.files = {"README.md": b"no model here"}
    async with fetching(tmp_path) as (transcriber, _):
        await eventually(lambda: transcriber.info.state == "failed", timeout_s=30)
        assert transcriber.restarts == 0
        assert not (tmp_path / "tiny.en").exists()
