"""Sessions with a WhisperLive server end in every way they can: nothing is lost, nothing is doubled."""

import asyncio
from dataclasses import replace

import pytest

from tests.support.leaks import no_leaks
from tests.support.waiting import eventually
from tests.support.whisperlive_client import ENGLISH, QUICK, become, client, persist
from tests.support.whisperlive_script import TEXTS, Behaviour, ScriptedWhisperLive, spoken
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.transcripts import Hints
from wallflower_sidecar.speech import UtteranceRefusedError

pytestmark = pytest.mark.faults

DEAR = replace(QUICK, cheap_s=0.0)
"""As if each session made the server load a model: they are kept."""


@pytest.mark.parametrize(
    "fault",
    [
        Behaviour(disconnect_at_frame=1),
        Behaviour(close_at_frame=1),
        Behaviour(drop_at_frame=1),
        Behaviour(drop_at_frame=2),
        Behaviour(disconnect_at_frame=2),
    ],
    ids=["disconnect", "close 1000", "broken", "broken in mid-sentence", "disconnect in mid-sentence"],
)
async def test_an_utterance_whose_session_ends_under_it_is_sent_again(fault):
    async with ScriptedWhisperLive(fault) as server, client(server.url) as transcriber:
        await become(transcriber, "ready")
        transcript = await transcriber.transcribe(spoken(2, 3, 4, seconds=5), ENGLISH)
        assert transcript.text == " ".join((TEXTS[2], TEXTS[3], TEXTS[4]))
        assert len(server.connections) == 2
        assert transcriber.info.state == "ready"


async def test_a_server_that_restarts_in_mid_sentence_gets_the_utterance_again():
    async with ScriptedWhisperLive() as server, client(server.url) as transcriber:
        await become(transcriber, "ready")
        server.script = [Behaviour(decode_s=60)]
        task = asyncio.create_task(persist(transcriber, spoken(2)))
        await eventually(lambda: server.connections[-1].frames)
        await server.stop()
        await become(transcriber, "failed")
        assert transcriber.info.detail.startswith("No WhisperLive server listens")
        await server.start()
        assert (await task).text == TEXTS[2]
        assert transcriber.info.state == "ready"


async def test_sessions_that_keep_ending_open_the_breaker_and_at_last_give_the_utterance_up():
    async with ScriptedWhisperLive() as server, client(server.url) as transcriber:
        await become(transcriber, "ready")
        server.usual = Behaviour(drop_at_frame=1)
        poison = spoken(2)
        with pytest.raises(TranscriberUnavailableError) as caught:
            await transcriber.transcribe(poison, ENGLISH)
        assert caught.value.code == "ended"
        with pytest.raises(UtteranceRefusedError):
            await persist(transcriber, poison)
        assert transcriber.refused == 1
        server.usual = Behaviour()
        assert (await persist(transcriber, spoken(3))).text == TEXTS[3]


async def test_a_kept_session_is_renewed_before_the_limit_that_the_server_showed():
    limits = replace(DEAR, quiet_s=0.1)
    async with ScriptedWhisperLive() as server, client(server.url, limits=limits, sessions=1) as transcriber:
        server.usual = Behaviour(life_s=0.8)
        await become(transcriber, "ready")
        for _ in range(30):
            assert (await transcriber.transcribe(spoken(2), ENGLISH)).text == TEXTS[2]
            kept = transcriber._pool._idle[-1]
            await eventually(lambda kept=kept: kept.quiet_s > 0.15)
        disconnects = sum(each.disconnected for each in server.connections)
        assert 1 <= disconnects <= 3
        assert disconnects < len(server.connections) < 30


async def test_a_kept_session_takes_the_next_utterance_once_it_is_quiet():
    limits = replace(DEAR, quiet_s=0.3)
    async with ScriptedWhisperLive() as server, client(server.url, limits=limits) as transcriber:
        await become(transcriber, "ready")
        for level in (1, 2, 1, 1):
            (session,) = transcriber._pool._idle[:1] or [None]
            transcript = await transcriber.transcribe(spoken(level), Hints("en"))
            assert transcript.text == TEXTS[level]
            if session is not None:
                kept = transcriber._pool._idle[-1]
                await eventually(lambda kept=kept: kept.quiet_s > 0.3)
        assert len(server.connections) == 2, "the session of the first handshake detects the language"


async def test_a_kept_session_that_still_goes_on_about_its_utterance_is_not_given_the_next():
    async with ScriptedWhisperLive() as server, client(server.url, limits=DEAR) as transcriber:
        await become(transcriber, "ready")
        server.usual = Behaviour(completes=False)
        texts = [(await transcriber.transcribe(spoken(level), ENGLISH)).text for level in (2, 3, 4)]
        assert texts == [TEXTS[2], TEXTS[3], TEXTS[4]]
        assert [len(each.frames) for each in server.connections] == [0, 1, 1, 1]


async def test_idle_sessions_are_given_back_to_the_server():
    limits = replace(QUICK, idle_s=0.2)
    async with ScriptedWhisperLive() as server, client(server.url, limits=limits) as transcriber:
        await become(transcriber, "ready")
        await eventually(lambda: not server.open)
        assert transcriber.info.state == "ready"
        assert (await transcriber.transcribe(spoken(2), ENGLISH)).text == TEXTS[2]
        await eventually(lambda: not server.open)


async def test_a_server_with_one_place_serves_all_one_after_the_other():
    async with ScriptedWhisperLive(max_clients=1, wait_min=5) as server:
        server.usual = Behaviour(decode_s=0.3)
        limits = replace(QUICK, longest_wait_s=20)
        async with client(server.url, limits=limits, sessions=3) as transcriber:
            await become(transcriber, "ready")
            said = [1, 2, 3, 4]
            heard = await asyncio.gather(*(transcriber.transcribe(spoken(level), ENGLISH) for level in said))
            assert [transcript.text for transcript in heard] == [TEXTS[level] for level in said]
            assert transcriber.info.state == "ready"


async def test_a_full_server_shrinks_the_pool_to_the_sessions_it_let_us_have():
    async with ScriptedWhisperLive(max_clients=1, wait_min=5) as server:
        limits = replace(QUICK, answer_s=60, proof_s=60, longest_wait_s=60)
        async with client(server.url, limits=limits) as transcriber:
            await become(transcriber, "ready")
            assert transcriber.parallel == 2
            server.script = [Behaviour(decode_s=60)]
            held = asyncio.create_task(transcriber.transcribe(spoken(2), ENGLISH))
            await eventually(lambda: server.connections[-1].frames)
            waiting = asyncio.create_task(transcriber.transcribe(spoken(3), ENGLISH))
            await eventually(lambda: transcriber.parallel == 1, timeout_s=20)
            assert transcriber.info.state == "ready"
            held.cancel()
            assert (await waiting).text == TEXTS[3]


async def test_a_full_server_is_asked_again_and_says_why_nothing_comes():
    full = Behaviour(instead_of_ready=[{"status": "WAIT", "message": 9.5}])
    async with ScriptedWhisperLive(full, full) as server, client(server.url) as transcriber:
        await become(transcriber, "failed")
        assert "places of the WhisperLive server are taken, for another 570 s" in transcriber.info.detail
        assert (await persist(transcriber, spoken(2))).text == TEXTS[2]


@pytest.mark.parametrize("minutes", ["soon", None, float("nan"), -3, 1e300, [], "0.01"])
async def test_a_wait_of_any_shape_is_survived(minutes):
    full = Behaviour(instead_of_ready=[{"status": "WAIT", "message": minutes}])
    async with ScriptedWhisperLive(full) as server, client(server.url) as transcriber:
        await become(transcriber, "failed")
        await become(transcriber, "ready")


async def test_the_servers_pings_are_answered():
    async with ScriptedWhisperLive() as server, client(server.url) as transcriber:
        await become(transcriber, "ready")
        await server.connections[0].ping()
        await eventually(lambda: server.connections[0].pings_answered == 1)


async def test_nothing_is_left_when_it_ends_in_the_middle_of_work():
    before = asyncio.all_tasks()
    with no_leaks():
        async with ScriptedWhisperLive() as server:
            server.usual = Behaviour(decode_s=60)
            async with client(server.url) as transcriber:
                await become(transcriber, "ready")
                tasks = [asyncio.create_task(transcriber.transcribe(spoken(2), ENGLISH)) for _ in range(4)]
                await eventually(lambda: [bool(each.frames) for each in server.open] == [True, True])
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [TranscriberUnavailableError] * 4
            await eventually(lambda: not server.open)
            assert transcriber.info.state == "starting"
    await eventually(lambda: asyncio.all_tasks() == before)


async def test_what_is_cancelled_gives_its_session_back():
    async with ScriptedWhisperLive() as server, client(server.url, sessions=1) as transcriber:
        await become(transcriber, "ready")
        server.script = [Behaviour(decode_s=60)]
        hints = Hints("de")
        task = asyncio.create_task(transcriber.transcribe(spoken(2), hints))
        await eventually(lambda: server.connections[-1].frames)
        waiting = asyncio.create_task(transcriber.transcribe(spoken(3), hints))
        given_up = asyncio.create_task(transcriber.transcribe(spoken(3), hints))
        await asyncio.sleep(0)
        given_up.cancel()
        task.cancel()
        assert (await waiting).text == TEXTS[3]
        await asyncio.gather(task, given_up, return_exceptions=True)
        assert transcriber._pool._taken == 0


async def test_a_restart_begins_anew_at_once():
    slow = replace(QUICK, first_settings_retry_s=60, last_settings_retry_s=60)
    refusing = Behaviour(instead_of_ready=[])
    async with ScriptedWhisperLive(refusing) as server, client(server.url, limits=slow) as transcriber:
        await become(transcriber, "failed")
        transcriber.restart()
        assert transcriber.info.state == "starting"
        await become(transcriber, "ready")


async def test_a_restart_sends_what_was_in_hand_once_more():
    async with ScriptedWhisperLive() as server, client(server.url) as transcriber:
        await become(transcriber, "ready")
        server.script = [Behaviour(decode_s=60)]
        task = asyncio.create_task(persist(transcriber, spoken(2), Hints("de")))
        await eventually(lambda: server.connections[-1].frames)
        transcriber.restart()
        assert (await task).text == TEXTS[2]


async def test_another_address_is_taken_up_at_once_even_while_the_old_one_loads():
    async with (
        ScriptedWhisperLive(Behaviour(load_s=60)) as old,
        ScriptedWhisperLive() as new,
        client(old.url) as transcriber,
    ):
        await eventually(lambda: old.open)
        transcriber.point_to(new.url)
        await become(transcriber, "ready")
        assert (await transcriber.transcribe(spoken(2), ENGLISH)).text == TEXTS[2]
        assert old.handshakes == 1
