"""`wallflower pair` prints a code that pairs."""

import json
from pathlib import Path
import re

import pytest

from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.service.access import Access
from wallflower_sidecar.settings import load_settings
from wallflower_sidecar.store import Database

from .conftest import Run


def test_a_person_is_told_code_validity_and_what_to_do(run: Run) -> None:
    result = run("pair")
    assert result.exit_code == 0
    assert re.search(r"Pairing code: \d{6}\n", result.stdout)
    assert "Home Assistant" in result.stdout
    assert "http://127.0.0.1:8953" in result.stdout


def test_a_program_gets_json(run: Run) -> None:
    document = json.loads(run("pair", "--json").stdout)
    assert set(document) == {"code", "expires_at"}
    assert re.fullmatch(r"\d{6}", document["code"])


async def test_the_code_brings_a_token(run: Run, data_dir: Path) -> None:
    import asyncio  # noqa: PLC0415

    result = await asyncio.to_thread(run, "pair", "--json")
    settings = load_settings({"WALLFLOWER_DATA_DIR": str(data_dir)}).settings
    database = await Database.open(settings.sqlite_path, clock=SystemClock())
    try:
        access = Access(database, settings, SystemClock())
        token = await access.pair(json.loads(result.stdout)["code"])
        assert await access.identify(token)
    finally:
        await database.close()


def test_a_data_folder_that_cannot_be_made_is_a_sentence(run: Run, data_dir: Path) -> None:
    data_dir.parent.mkdir(exist_ok=True)
    data_dir.write_text("a file, not a folder")
    result = run("pair")
    assert result.exit_code == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("Error: ")


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "http://THIS-MACHINE:8953"), ("::1", "http://[::1]:8953"), ("nvr.local", "http://nvr.local:8953")],
)
def test_the_address_is_one_that_can_be_typed(run: Run, host: str, address: str) -> None:
    assert address in run("pair", host=host).stdout
