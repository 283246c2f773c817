"""A WhisperLive server takes sound and says nothing: nobody spoke, or it is stuck. Known speech tells which."""

import asyncio
from dataclasses import replace
import logging

import pytest

from tests.support.waiting import eventually
from tests.support.whisperlive_client import ENGLISH, SUSPICIOUS, become, client, persist
from tests.support.whisperlive_script import OTHER_TEXT, TEXTS, Behaviour, ScriptedWhisperLive, spoken
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.transcripts import Hints
from wallflower_sidecar.speech import UtteranceRefusedError
from wallflower_sidecar.speech.whisperlive.faults import stuck

pytestmark = pytest.mark.faults

PATIENT = replace(SUSPICIOUS, proof_s=20)


async def test_a_silent_utterance_gives_no_text_and_the_server_keeps_its_name():
    async with ScriptedWhisperLive() as server, client(server.url, limits=PATIENT) as transcriber:
        await become(transcriber, "ready")
        for _ in range(3):
            transcript = await transcriber.transcribe(spoken(), ENGLISH)
            assert (transcript.text, transcript.words, transcript.confidence) == ("", (), 0.0)
        assert transcriber.info.state == "ready"
        assert (await transcriber.transcribe(spoken(2), ENGLISH)).text == TEXTS[2]


async def test_a_server_stuck_once_gets_the_utterance_again():
    told = []
    async with (
        ScriptedWhisperLive() as server,
        client(server.url, limits=SUSPICIOUS, on_stuck=told.append) as transcriber,
    ):
        await become(transcriber, "ready")
        server.script = [Behaviour(mute=True)]
        assert (await transcriber.transcribe(spoken(2), Hints("de"))).text == TEXTS[2]
        assert told == []
        assert transcriber.info.state == "ready"


async def test_a_server_that_stays_stuck_is_called_failed_until_it_answers_known_speech():
    told = []
    async with (
        ScriptedWhisperLive() as server,
        client(server.url, limits=SUSPICIOUS, on_stuck=told.append) as transcriber,
    ):
        await become(transcriber, "ready")
        server.usual = Behaviour(mute=True)
        utterance = spoken(2)
        with pytest.raises(TranscriberUnavailableError) as caught:
            await transcriber.transcribe(utterance, Hints("de"))
        assert caught.value.code == "stuck"
        assert transcriber.info.state == "failed"
        assert "takes sound but does not answer" in transcriber.info.detail
        assert told == [transcriber.info.detail]
        await eventually(lambda: len(told) > 1, timeout_s=20)
        assert transcriber.info.state == "failed", "SERVER_READY alone is no proof"
        server.usual = Behaviour()
        assert (await persist(transcriber, utterance)).text == TEXTS[2]


async def test_while_the_breaker_is_open_nothing_is_sent():
    limits = replace(SUSPICIOUS, first_retry_s=60)
    async with ScriptedWhisperLive() as server, client(server.url, limits=limits) as transcriber:
        await become(transcriber, "ready")
        server.usual = Behaviour(mute=True)
        with pytest.raises(TranscriberUnavailableError):
            await transcriber.transcribe(spoken(2), Hints("de"))
        handshakes = server.handshakes
        for _ in range(5):
            with pytest.raises(TranscriberUnavailableError):
                await transcriber.transcribe(spoken(2), ENGLISH)
        assert server.handshakes == handshakes
        server.usual = Behaviour()
        transcriber.restart()
        assert (await persist(transcriber, spoken(2))).text == TEXTS[2]


async def test_who_waits_for_a_session_is_turned_away_when_the_breaker_opens():
    limits = replace(SUSPICIOUS, proof_s=60, first_retry_s=60)
    async with ScriptedWhisperLive() as server, client(server.url, limits=limits, sessions=1) as transcriber:
        await become(transcriber, "ready")
        server.script = [Behaviour(decode_s=1.0)]
        at_work = asyncio.create_task(transcriber.transcribe(spoken(2), ENGLISH))
        await eventually(lambda: server.connections[-1].frames, interval_s=0.005)
        waiting = asyncio.create_task(transcriber.transcribe(spoken(3), ENGLISH))
        await asyncio.sleep(0)
        transcriber._condition.fail(stuck())
        with pytest.raises(TranscriberUnavailableError) as caught:
            await waiting
        assert caught.value.code == "stuck"
        assert (await at_work).text == TEXTS[2]
        assert transcriber.info.state == "ready", "text is the best proof"


async def test_an_utterance_that_silences_every_server_is_given_up():
    async with ScriptedWhisperLive() as server, client(server.url, limits=SUSPICIOUS) as transcriber:
        await become(transcriber, "ready")
        poison = spoken(2)
        for _ in range(2):
            server.script = [Behaviour(mute=True)] * 2
            with pytest.raises(TranscriberUnavailableError):
                await transcriber.transcribe(poison, Hints("de"))
            await become(transcriber, "ready")
        server.script = [Behaviour(mute=True)] * 2
        with pytest.raises(UtteranceRefusedError):
            await transcriber.transcribe(poison, Hints("de"))
        assert transcriber.refused == 1


async def test_a_text_that_comes_after_the_known_speech_is_still_this_utterances():
    async with ScriptedWhisperLive() as server, client(server.url, limits=PATIENT) as transcriber:
        await become(transcriber, "ready")
        server.script = [Behaviour(decode_s=1.0)]
        transcript = await transcriber.transcribe(spoken(2), Hints("de"))
        assert transcript.text == TEXTS[2]
        assert OTHER_TEXT not in transcript.text


async def test_a_connection_over_which_nothing_arrives_is_left(caplog):
    caplog.set_level(logging.INFO)
    limits = replace(SUSPICIOUS, send_s=0.5)
    async with ScriptedWhisperLive() as server, client(server.url, limits=limits) as transcriber:
        await become(transcriber, "ready")
        server.script = [Behaviour(mute=True, deaf_to_pings=True)]
        assert (await transcriber.transcribe(spoken(2), Hints("de"))).text == TEXTS[2]
    assert "what is sent does not arrive" in caplog.text


@pytest.mark.parametrize("known", [True, False])
async def test_a_sound_whose_language_the_server_cannot_tell_is_heard_in_the_usual_one(known):
    limits = PATIENT if known else SUSPICIOUS
    async with ScriptedWhisperLive() as server, client(server.url, limits=limits) as transcriber:
        await become(transcriber, "ready")
        assert (await transcriber.transcribe(spoken(2), Hints())).language == "en"
        server.script = [Behaviour(detects=None, detects_known=known)]
        transcript = await persist(transcriber, spoken(1), Hints())
        assert (transcript.text, transcript.language) == (TEXTS[1], "en")
