"""The real WhisperLive server hangs up unannounced, refuses, dies, deadlocks or is full: no word is lost."""

import asyncio
from contextlib import AsyncExitStack
import time

import pytest
import pytest_asyncio

from tests.support.hearing import word_error_rate, words
from tests.support.sentences import DOOR, FIRE, SENTENCES
from tests.support.speech import synthesise
from tests.support.waiting import eventually
from tests.support.whisperlive import WhisperLiveServer
from tests.support.whisperlive_neighbours import is_full, rude_session, session
from tests.unit.speech.running import ready, running
from tests.unit.speech.utterances import utterance_of
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.transcripts import Hints
from wallflower_sidecar.speech.whisperlive.limits import Limits
from wallflower_sidecar.speech.whisperlive.transcriber import WhisperLiveTranscriber

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]

PLACES = 4
LONGEST_CONNECTION_S = 12
TOKEN = "token-of-the-real-server"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server():
    async with WhisperLiveServer(
        api_key=TOKEN, max_clients=PLACES, max_connection_time=LONGEST_CONNECTION_S
    ) as running_server:
        yield running_server


def client(server, token=TOKEN, **options):
    return WhisperLiveTranscriber(server.url, token=token, clock=SystemClock(), sessions=1, **options)


def logged(server, what):
    return sum(what in line for line in server.process.lines)


async def heard(transcriber, said):
    """What becomes of an utterance that is sent again for as long as the transcriber asks for it."""
    utterance = utterance_of(synthesise(said))
    while True:
        try:
            return (await transcriber.transcribe(utterance, Hints("en"))).text
        except TranscriberUnavailableError:
            await ready(transcriber, timeout_s=60)


async def test_a_wrong_token_is_said_and_never_shown(server):
    async with running(client(server, token="wrong-token")) as transcriber:
        await eventually(lambda: transcriber.info.state == "failed", timeout_s=20)
        assert "token" in transcriber.info.detail.lower()
        assert "wrong-token" not in transcriber.info.detail


async def test_nothing_is_lost_when_a_connection_reaches_its_unannounced_limit(server):
    before = logged(server, "overtime")
    # Its first session, opened to see that the server is there, is kept and then used at the end of its life.
    async with running(client(server, language="en")) as transcriber:
        await ready(transcriber)
        limit = time.monotonic() + LONGEST_CONNECTION_S
        await eventually(lambda: time.monotonic() > limit, timeout_s=2 * LONGEST_CONNECTION_S)
        texts = [await asyncio.wait_for(heard(transcriber, said), 60) for said in (DOOR, FIRE)]
        assert logged(server, "overtime") > before
    assert word_error_rate((DOOR, FIRE), texts) == 0


async def test_a_sentence_is_heard_though_the_server_dies_in_the_middle_of_it(server):
    async with running(client(server)) as transcriber:
        await ready(transcriber)
        decodes = logged(server, "Processing audio")
        task = asyncio.create_task(heard(transcriber, " ".join(SENTENCES[:3])))
        await eventually(lambda: logged(server, "Processing audio") > decodes, timeout_s=20, interval_s=0.005)
        assert not task.done()
        await server.restart()
        assert word_error_rate(SENTENCES[:3], await asyncio.wait_for(task, 90)) <= 0.05


async def test_a_deadlocked_server_is_told_of_and_heard_again_once_it_was_restarted(server):
    stuck = []
    impatient = Limits(answer_s=1.0, proof_s=10.0)
    async with running(client(server, on_stuck=stuck.append, limits=impatient)) as transcriber:
        await ready(transcriber)
        async with rude_session(server.url, TOKEN):
            task = asyncio.create_task(heard(transcriber, FIRE))
            await eventually(lambda: stuck, timeout_s=90)
        assert not task.done()
        assert stuck[0].endswith(".")
        await server.restart()
        assert words(await asyncio.wait_for(task, 60)) == words(FIRE)


async def test_a_full_server_is_waited_for(server):
    async with AsyncExitStack() as places:
        for _ in range(PLACES):
            await places.enter_async_context(session(server.url, TOKEN))
        await eventually(lambda: is_full(server.url, TOKEN), timeout_s=10)
        async with running(client(server)) as transcriber:
            await eventually(lambda: transcriber.info.detail, timeout_s=20)
            assert transcriber.info.state != "ready"
            assert "places" in transcriber.info.detail
            task = asyncio.create_task(heard(transcriber, DOOR))
            await places.aclose()
            assert words(await asyncio.wait_for(task, 90)) == words(DOOR)
