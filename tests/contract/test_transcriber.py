"""What every Transcriber does alike, asked of each with the real model and real speech."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
import pytest_asyncio

from tests.support.hearing import word_error_rate, words
from tests.support.leaks import holdings
from tests.support.sentences import DOOR, FIRE, HELP, SENTENCES
from tests.support.speech import SAMPLE_RATE, synthesise
from tests.support.whisperlive import WhisperLiveServer, interpreter
from tests.unit.speech.running import ready, running
from tests.unit.speech.utterances import PRE_ROLL_S, silent_utterance, utterance_of
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.transcripts import Hints
from wallflower_sidecar.speech import EmbeddedTranscriber, UtteranceRefusedError
from wallflower_sidecar.speech.managed.transcriber import ManagedTranscriber
from wallflower_sidecar.speech.whisperlive.limits import Limits
from wallflower_sidecar.speech.whisperlive.transcriber import WhisperLiveTranscriber

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLOSE = timedelta(milliseconds=300)
"""What a word's time may be off."""

LIMITS = Limits(draft_s=20.0)
"""A draft may take what a busy machine needs."""


@asynccontextmanager
async def embedded(folder):
    yield EmbeddedTranscriber(None, models_dir=folder, clock=SystemClock())


@asynccontextmanager
async def whisperlive(folder):
    async with WhisperLiveServer(api_key="key-of-the-contract") as server:
        yield WhisperLiveTranscriber(
            server.url, token=server.token, clock=SystemClock(), model="tiny.en", limits=LIMITS
        )


@asynccontextmanager
async def managed(folder):
    yield ManagedTranscriber(
        None,
        python=interpreter(folder),
        models_dir=folder,
        folder=folder / "whisperlive",
        clock=SystemClock(),
        limits=LIMITS,
    )


IMPLEMENTATIONS = {"embedded": embedded, "whisperlive": whisperlive, "managed": managed}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=IMPLEMENTATIONS)
async def transcriber(request, tmp_path_factory):
    async with IMPLEMENTATIONS[request.param](tmp_path_factory.mktemp("models")) as made, running(made):
        await ready(made)
        yield made


@pytest_asyncio.fixture(loop_scope="module", params=IMPLEMENTATIONS)
async def idle(request, tmp_path):
    async with IMPLEMENTATIONS[request.param](tmp_path) as made:
        yield made


async def test_sentences_become_text(transcriber):
    said = SENTENCES[:8] if transcriber.info.engine == "embedded" else SENTENCES[:4]  # which take a server as long
    heard = [(await transcriber.transcribe(utterance_of(synthesise(each)), Hints("en"))).text for each in said]
    assert word_error_rate(said, heard) <= 0.02


async def test_a_transcript_carries_language_confidence_and_words_in_wall_clock_time(transcriber):
    utterance = utterance_of(synthesise(DOOR))
    transcript = await transcriber.transcribe(utterance, Hints())
    assert transcript.language == "en"
    assert 0.5 < transcript.confidence <= 1
    assert words(" ".join(word.word for word in transcript.words)) == words(transcript.text) == words(DOOR)
    assert all(0 < word.probability <= 1 for word in transcript.words)
    times = [moment for word in transcript.words for moment in (word.start, word.end)]
    assert times == sorted(times)
    assert utterance.start <= times[0] <= utterance.start + CLOSE
    assert utterance.end - CLOSE <= times[-1] <= utterance.end


async def test_a_words_time_is_when_it_was_said(transcriber):
    pause = np.zeros(SAMPLE_RATE // 2, np.int16)
    first, second = synthesise(HELP), synthesise(FIRE)
    utterance = utterance_of(np.concatenate((first, pause, second)))
    transcript = await transcriber.transcribe(utterance, Hints("en"))
    there = transcript.words[len(words(HELP))]
    assert words(there.word) == ["there"]
    said_at = utterance.start + timedelta(seconds=(len(first) + len(pause)) / SAMPLE_RATE)
    assert abs(there.start - said_at) <= CLOSE


async def test_a_draft_is_the_text_of_what_was_said_so_far_without_words(transcriber):
    pause = np.zeros(SAMPLE_RATE // 2, np.int16)
    first = np.concatenate((synthesise(DOOR), pause))
    whole = utterance_of(np.concatenate((first, synthesise(FIRE))))
    half = replace(whole, pcm=whole.pcm[: 2 * (round(PRE_ROLL_S * SAMPLE_RATE) + len(first))])
    draft = await transcriber.draft(half, Hints("en"))
    assert words(draft.text) == words(DOOR)
    assert draft.words == ()


@pytest.mark.parametrize("word", ["Okay.", "Help!", "Bye."])
async def test_a_single_short_word_is_heard(transcriber, word):
    transcript = await transcriber.transcribe(utterance_of(synthesise(word)), Hints("en"))
    assert words(transcript.text)[:1] == words(word)


async def test_nobody_speaking_gives_an_empty_transcript(transcriber):
    noise = np.random.default_rng(2).normal(0, 2000, 6 * SAMPLE_RATE).astype(np.int16)
    for utterance in (silent_utterance(5.0), utterance_of(noise)):
        transcript = await transcriber.transcribe(utterance, Hints("en"))
        assert (transcript.text, transcript.words, transcript.confidence) == ("", (), 0.0)


async def test_utterances_sent_at_once_each_get_their_own_text(transcriber):
    sentences = SENTENCES[3:7]
    transcripts = await asyncio.gather(
        *(
            transcriber.transcribe(utterance_of(synthesise(said), stream=f"cam-{number}"), Hints("en"))
            for number, said in enumerate(sentences)
        )
    )
    for said, transcript in zip(sentences, transcripts, strict=True):
        assert word_error_rate(said, transcript.text) <= 0.2


async def test_hotwords_do_not_stand_where_they_were_not_said(transcriber):
    hints = Hints("en", ("intruder", "burglar", "emergency", "call the police"))
    transcript = await transcriber.transcribe(utterance_of(synthesise(DOOR)), hints)
    assert words(transcript.text) == words(DOOR)


async def test_a_language_that_the_model_lacks_is_no_error(transcriber):
    transcript = await transcriber.transcribe(utterance_of(synthesise(DOOR)), Hints("de"))
    assert words(transcript.text) == words(DOOR)
    assert transcript.language == "en"


async def test_a_torn_or_empty_utterance_is_refused_and_the_next_one_heard(transcriber):
    whole = utterance_of(synthesise(DOOR))
    for pcm in (b"", whole.pcm[:-1], bytes(2 * SAMPLE_RATE * 301)):
        with pytest.raises(UtteranceRefusedError):
            await transcriber.transcribe(replace(whole, pcm=pcm), Hints())
    assert words((await transcriber.transcribe(whole, Hints())).text) == words(DOOR)


async def test_before_it_runs_it_says_that_it_cannot_work_yet(idle):
    assert idle.info.state == "starting"
    with pytest.raises(TranscriberUnavailableError) as caught:
        await idle.transcribe(silent_utterance(1.0), Hints())
    assert caught.value.code == "loading"
    assert str(caught.value).endswith(".")


async def test_changes_are_told_until_nobody_wants_to_know_and_nothing_is_left_at_the_end(idle):
    before = holdings()
    seen, unwanted = [], []
    idle.subscribe(seen.append)
    idle.subscribe(unwanted.append)()
    async with running(idle):
        await ready(idle)
        assert seen[-1] == idle.info
        assert (idle.info.state, idle.info.model) == ("ready", "tiny.en")
    assert unwanted == []
    assert not holdings().beyond(before)
