"""The settings: shown without secrets, read again while everything goes on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.ports import free_port
from tests.support.sidecar import TOKEN, Sidecar, sidecar as run_sidecar
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("config")
    write(folder, 'model = "/nowhere/model"\n')
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sidecar(folder: Path) -> AsyncIterator[Sidecar]:
    async with run_sidecar(folder, free_port()) as running:
        yield running


def write(folder: Path, text: str) -> None:
    (folder / "wallflower.toml").write_text(text)


async def transcriber_check(sidecar: Sidecar) -> dict[str, str]:
    health = await sidecar.request("GET", "/health")
    return next(check for check in health["checks"] if check["name"] == "transcriber")


async def test_settings_are_shown_without_secrets(sidecar: Sidecar) -> None:
    settings = (await sidecar.request("GET", "/config"))["settings"]

    assert settings["engine"] == "embedded"
    assert settings["model"] == "/nowhere/model"
    assert settings["token"] == "***"
    assert TOKEN not in str(settings)


async def test_another_model_is_taken_up_without_a_restart(sidecar: Sidecar, folder: Path) -> None:
    started_at = (await sidecar.request("GET", "/info"))["started_at"]
    without = await told(sidecar, "no_model")
    assert "MODEL is neither a folder" in without["detail"]

    write(folder, 'log_level = "debug"\n')
    reload = await sidecar.request("POST", "/config/reload")

    assert sorted(reload["changed"]) == ["log_level", "model"]
    assert (reload["needs_restart"], reload["refused"]) == ([], [])
    await eventually(lambda: check_says(sidecar, "tiny.en is ready"))
    assert (await told(sidecar, "ready"))["model"] == "tiny.en"
    assert (await sidecar.request("GET", "/info"))["started_at"] == started_at


async def test_a_faulty_file_is_refused_with_a_sentence_and_all_goes_on(sidecar: Sidecar, folder: Path) -> None:
    before = (await sidecar.request("GET", "/config"))["settings"]

    write(folder, 'log_level = "debug"\nlanguage = "klingon"\nengine = "magic"\nmax_streams = 3\n')
    reload = await sidecar.request("POST", "/config/reload")

    assert reload["changed"] == []
    assert reload["needs_restart"] == ["max_streams"]
    assert sorted(sentence.split()[0] for sentence in reload["refused"]) == ["engine", "language"]
    assert (await sidecar.request("GET", "/config"))["settings"] == before


async def test_an_engine_that_cannot_work_is_told_and_can_be_left_again(sidecar: Sidecar, folder: Path) -> None:
    url = "http://ann:hush@127.0.0.1:9/?token=hush"
    write(folder, f'engine = "whisperlive"\nwhisperlive_url = "{url}"\nwhisperlive_token = "hush"\n')
    reload = await sidecar.request("POST", "/config/reload")

    assert sorted(reload["changed"]) == ["engine", "log_level", "whisperlive_token", "whisperlive_url"]
    await eventually(lambda: check_says(sidecar, "WHISPERLIVE_URL"))
    settings = (await sidecar.request("GET", "/config"))["settings"]
    assert (settings["whisperlive_token"], settings["whisperlive_url"]) == ("***", "***")
    write(folder, 'whisperlive_token = "hush hush"\ntoken = "hush hush"\ndatabase_url = "mysql://ann:hush@h/d"\n')
    answers = [reload, await sidecar.request("POST", "/config/reload"), await sidecar.request("GET", "/health")]
    assert len(answers[1]["refused"]) == 2, "the environment's token wins over the file's"
    assert "hush" not in str(answers) + "".join(sidecar.process.lines)

    write(folder, "")
    await sidecar.request("POST", "/config/reload")
    await eventually(lambda: check_says(sidecar, "tiny.en is ready"))


async def check_says(sidecar: Sidecar, words: str) -> bool:
    return words in (await transcriber_check(sidecar))["detail"]


async def told(sidecar: Sidecar, state: str) -> dict[str, Any]:
    """The transcriber as `server.changed` first told it in this state."""
    async with asyncio.timeout(30):
        async for event in sidecar.events(after=0, types="server.changed"):
            transcriber: dict[str, Any] = event.data["transcriber"]
            if transcriber["state"] == state:
                return transcriber
    raise AssertionError("the event stream ended")
