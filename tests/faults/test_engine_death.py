"""The engine is killed, frozen, poisoned or stuck: what was being decoded still becomes text, or is counted."""

import asyncio
import os
from pathlib import Path
import signal

import numpy as np
import psutil
import pytest

from tests.support.hearing import word_error_rate, words
from tests.support.sentences import DOOR, SENTENCES
from tests.support.speech import SAMPLE_RATE, synthesise
from tests.support.waiting import eventually
from tests.unit.speech import scripted_engine
from tests.unit.speech.running import ready, running
from tests.unit.speech.utterances import silent_utterance, utterance_of
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.transcripts import Hints
from wallflower_sidecar.processes.supervised import ChildSpec
from wallflower_sidecar.speech import EmbeddedTranscriber, UtteranceRefusedError
from wallflower_sidecar.speech.embedded.transcriber import Deadlines

pytestmark = pytest.mark.faults

SCRIPTED = ChildSpec("scripted", "tests.unit.speech.scripted_engine")
ROOT = Path(__file__).parents[2]


def embedded(models_dir, **options):
    return EmbeddedTranscriber(None, models_dir=models_dir, clock=SystemClock(), **options)


def burnt_s(pid):
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def speech_of(*sentences):
    pause = np.zeros(SAMPLE_RATE // 4, np.int16)
    return np.concatenate([part for said in sentences for part in (synthesise(said), pause)])


async def decoding(transcriber, speech):
    """Begin to transcribe, and come back when the engine is in the middle of it."""
    before = burnt_s(transcriber.pid)
    task = asyncio.create_task(transcriber.transcribe(utterance_of(speech), Hints("en")))
    await eventually(lambda: burnt_s(transcriber.pid) > before + 0.1, timeout_s=10, interval_s=0.005)
    assert not task.done()
    return task


@pytest.fixture
def scripted(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'sidecar'}")
    monkeypatch.setenv("ENGINE_WAS_HERE", str(tmp_path / "was-here"))


async def test_an_engine_killed_in_the_middle_of_an_utterance_loses_no_word(tmp_path):
    async with running(embedded(tmp_path)) as transcriber:
        await ready(transcriber)
        task = await decoding(transcriber, speech_of(*SENTENCES[:8]))
        killed = transcriber.pid
        os.kill(killed, signal.SIGKILL)
        transcript = await asyncio.wait_for(task, 30)
        assert word_error_rate(SENTENCES[:8], transcript.text) <= 0.05
        assert transcriber.pid != killed
        assert transcriber.restarts == 1


async def test_a_killed_engine_says_so_and_is_back_for_the_next_utterance(tmp_path):
    async with running(embedded(tmp_path)) as transcriber:
        seen = []
        transcriber.subscribe(seen.append)
        await ready(transcriber)
        os.kill(transcriber.pid, signal.SIGKILL)
        await eventually(lambda: transcriber.info.state == "starting", interval_s=0.001)
        assert "SIGKILL" in transcriber.info.detail
        with pytest.raises(TranscriberUnavailableError) as caught:
            await transcriber.transcribe(silent_utterance(1.0), Hints())
        assert caught.value.code == "died"
        await ready(transcriber)
        transcript = await transcriber.transcribe(utterance_of(synthesise(DOOR)), Hints("en"))
        assert words(transcript.text) == words(DOOR)
        assert [info.state for info in seen][-1] == "ready"


async def test_a_frozen_engine_is_replaced_and_its_utterance_heard(tmp_path):
    async with running(embedded(tmp_path)) as transcriber:
        await ready(transcriber)
        task = await decoding(transcriber, speech_of(*SENTENCES[:8]))
        frozen = transcriber.pid
        os.kill(frozen, signal.SIGSTOP)
        transcript = await asyncio.wait_for(task, 40)
        assert word_error_rate(SENTENCES[:8], transcript.text) <= 0.05
        assert not psutil.pid_exists(frozen)


async def test_a_poisonous_utterance_is_given_up_after_two_engines_and_counted(scripted, tmp_path, caplog):
    async with running(embedded(tmp_path, engine=SCRIPTED)) as transcriber:
        await ready(transcriber)
        poison = silent_utterance(2.0, first_sample=scripted_engine.DIE)
        healthy = silent_utterance(2.0, first_sample=scripted_engine.ANSWER)
        with pytest.raises(UtteranceRefusedError):
            await asyncio.wait_for(transcriber.transcribe(poison, Hints()), 20)
        assert transcriber.refused == 1
        await ready(transcriber)
        assert (await transcriber.transcribe(healthy, Hints())).text == "decode 1"
        assert transcriber.restarts == 2
        assert "2.0 s" in caplog.text


async def test_an_utterance_is_sent_again_to_the_new_engine(scripted, tmp_path):
    async with running(embedded(tmp_path, engine=SCRIPTED)) as transcriber:
        await ready(transcriber)
        utterance = silent_utterance(2.0, first_sample=scripted_engine.DIE_ONCE)
        assert (await asyncio.wait_for(transcriber.transcribe(utterance, Hints()), 20)).text == "decode 1"
        assert transcriber.restarts == 1


async def test_an_engine_that_lives_but_never_answers_is_killed_at_the_deadline(scripted, tmp_path):
    deadlines = Deadlines(decode_s=0.5, decode_factor=0.1)
    async with running(embedded(tmp_path, engine=SCRIPTED, deadlines=deadlines)) as transcriber:
        await ready(transcriber)
        hang = silent_utterance(2.0, first_sample=scripted_engine.HANG_ONCE)
        assert (await asyncio.wait_for(transcriber.transcribe(hang, Hints()), 20)).text == "decode 1"
        assert transcriber.restarts == 1
        never = silent_utterance(2.0, first_sample=scripted_engine.NEVER_ANSWER)
        with pytest.raises(UtteranceRefusedError):
            await asyncio.wait_for(transcriber.transcribe(never, Hints()), 30)
        assert transcriber.refused == 1


async def test_an_utterance_the_engine_refuses_leaves_the_engine_alive(scripted, tmp_path):
    async with running(embedded(tmp_path, engine=SCRIPTED)) as transcriber:
        await ready(transcriber)
        with pytest.raises(UtteranceRefusedError):
            await transcriber.transcribe(silent_utterance(2.0, first_sample=scripted_engine.REFUSE), Hints())
        assert transcriber.refused == 1
        assert transcriber.restarts == 0


async def test_an_engine_that_ends_at_every_start_is_called_failed_and_still_tried(scripted, monkeypatch, tmp_path):
    monkeypatch.setenv("ENGINE_DIES", "1")
    async with running(embedded(tmp_path, engine=SCRIPTED)) as transcriber:
        await eventually(lambda: transcriber.info.state == "failed", timeout_s=20)
        assert "started again" in transcriber.info.detail
        monkeypatch.delenv("ENGINE_DIES")
        await ready(transcriber)


async def test_a_restart_by_hand_in_the_middle_of_an_utterance_loses_no_word(tmp_path):
    async with running(embedded(tmp_path)) as transcriber:
        await ready(transcriber)
        task = await decoding(transcriber, speech_of(*SENTENCES[:8]))
        before = transcriber.pid
        transcriber.restart()
        transcript = await asyncio.wait_for(task, 30)
        assert word_error_rate(SENTENCES[:8], transcript.text) <= 0.05
        assert not psutil.pid_exists(before)


async def test_a_restart_by_hand_ends_the_wait_after_a_row_of_deaths(scripted, monkeypatch, tmp_path):
    monkeypatch.setenv("ENGINE_DIES", "1")
    async with running(embedded(tmp_path, engine=SCRIPTED)) as transcriber:
        await eventually(lambda: transcriber.info.state == "failed", timeout_s=20)
        monkeypatch.delenv("ENGINE_DIES")
        transcriber.restart()
        await ready(transcriber, timeout_s=20)


async def test_a_draft_whose_engine_dies_is_not_tried_again(scripted, tmp_path):
    async with running(embedded(tmp_path, engine=SCRIPTED)) as transcriber:
        await ready(transcriber)
        with pytest.raises(TranscriberUnavailableError) as caught:
            await transcriber.draft(silent_utterance(2.0, first_sample=scripted_engine.DIE), Hints())
        assert caught.value.code == "died"
        await ready(transcriber)
        assert (transcriber.restarts, transcriber.refused) == (1, 0)


async def test_a_draft_that_hangs_is_given_up_soon_and_costs_the_next_final_no_word(scripted, tmp_path):
    deadlines = Deadlines(decode_s=0.5, decode_factor=0.1, draft_s=0.2)
    async with running(embedded(tmp_path, engine=SCRIPTED, deadlines=deadlines)) as transcriber:
        await ready(transcriber)
        healthy = silent_utterance(2.0, first_sample=scripted_engine.ANSWER)
        with pytest.raises(TranscriberUnavailableError) as caught:
            await transcriber.draft(silent_utterance(2.0, first_sample=scripted_engine.NEVER_ANSWER), Hints())
        assert caught.value.code == "timeout"
        with pytest.raises(TranscriberUnavailableError) as caught:
            await transcriber.draft(healthy, Hints())
        assert caught.value.code == "busy"
        assert (await asyncio.wait_for(transcriber.transcribe(healthy, Hints()), 20)).text == "decode 1"
        assert (await transcriber.draft(healthy, Hints())).text == "decode 2"
        assert transcriber.refused == 0


async def test_what_is_cancelled_in_the_middle_leaves_the_engine_to_the_next(tmp_path):
    async with running(embedded(tmp_path)) as transcriber:
        await ready(transcriber)
        task = await decoding(transcriber, speech_of(*SENTENCES[:8]))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        transcript = await transcriber.transcribe(utterance_of(synthesise(DOOR)), Hints("en"))
        assert words(transcript.text) == words(DOOR)
        assert transcriber.restarts == 0
