"""`wallflower models`: listing, fetching from a hub on loopback with Ctrl-C in the middle, removing."""

from collections.abc import Generator
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import time
from typing import Any

import pytest

from tests.support.ports import free_port
from tests.support.sidecar import wallflower
from tests.unit.speech.models_at_hand import HALF, NAME, assert_whole, hub_of, ranges
from wallflower_sidecar.speech.models.find import HUB_MODELS, bundled_model, write_manifest

from .conftest import Run


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Generator[Any]:
    with hub_of() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def models_dir(data_dir: Path) -> Path:
    return data_dir / "models"


def put(models_dir: Path, name: str = NAME) -> Path:
    folder = models_dir / name
    shutil.copytree(bundled_model().folder, folder)
    write_manifest(folder, "owner/name", "abc", bundled_model().sha256)
    return folder


def test_the_list_names_every_model_its_size_languages_and_state(run: Run, models_dir: Path) -> None:
    put(models_dir)
    result = run("models", "list", model=NAME)
    assert result.exit_code == 0
    rows = {line.split()[0]: line for line in result.stdout.splitlines()[1:]}
    assert list(rows) == list(HUB_MODELS)
    assert "installed, part of the installation" in rows["tiny.en"]
    assert "installed, named by MODEL" in rows[NAME]
    assert rows["base"].split()[1:] == ["148", "MB", "99", "languages", "available"]


def test_the_list_as_json_is_what_the_api_answers(run: Run) -> None:
    items = json.loads(run("models", "list", "--json").stdout)["items"]
    assert {item["name"] for item in items} == set(HUB_MODELS)
    assert {"name", "installed", "bytes", "languages", "state", "progress"} <= items[0].keys()


@pytest.mark.parametrize("command", ["get", "remove"])
@pytest.mark.parametrize("name", ["gigantic", "../base", ""])
def test_an_unknown_name_is_wrong_usage_and_the_known_ones_are_named(run: Run, command: str, name: str) -> None:
    result = run("models", command, name)
    assert result.exit_code == 2
    assert "large-v3-turbo" in result.stderr


def test_what_is_here_and_whole_is_not_fetched(run: Run, models_dir: Path, hub: Any) -> None:
    put(models_dir)
    for name in (NAME, "tiny.en"):
        result = run("models", "get", name)
        assert (result.exit_code, result.stdout) == (0, f"{name} is here and whole.\n")
    assert hub.asked == []


def test_a_model_is_fetched_and_its_progress_shown(run: Run, models_dir: Path, hub: Any) -> None:
    result = run("models", "get", NAME, "--json")
    assert result.exit_code == 0, result.stderr
    item = json.loads(result.stdout)
    assert (item["name"], item["installed"], item["state"]) == (NAME, True, "installed")
    assert f"{NAME}: 0% of" in result.stderr
    assert len(result.stderr.splitlines()) > 3
    assert_whole(models_dir)
    assert hub.credentials == set()


def test_a_damaged_model_is_named_so_and_fetched_again(run: Run, models_dir: Path, hub: Any) -> None:
    with (put(models_dir) / "model.bin").open("r+b") as weights:
        weights.seek(50_000_000)
        weights.write(b"\0\1\2\3")
    result = run("models", "get", NAME)
    assert result.exit_code == 0, result.stderr
    assert "damaged" in result.stderr
    assert ranges(hub) == [0]
    assert_whole(models_dir)


def test_without_a_network_it_fails_with_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    result = run("models", "get", NAME)
    assert result.exit_code == 1
    assert "Error: base.en could not be fetched (no connection to the hub). Check the network" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_model_is_removed(run: Run, models_dir: Path) -> None:
    put(models_dir)
    assert json.loads(run("models", "remove", NAME, "--json").stdout) == {"removed": NAME}
    assert list(models_dir.iterdir()) == []
    again = run("models", "remove", NAME)
    assert (again.exit_code, again.stderr) == (1, f"Error: {NAME} is not installed.\n")


@pytest.mark.parametrize(("name", "words"), [(NAME, "in use"), ("tiny.en", "part of the installation")])
def test_what_is_in_use_or_bundled_is_not_removed(run: Run, models_dir: Path, name: str, words: str) -> None:
    folder = put(models_dir)
    result = run("models", "remove", name, model=NAME)
    assert result.exit_code == 1
    assert words in result.stderr
    assert folder.is_dir()


def test_ctrl_c_keeps_what_has_arrived_and_the_next_get_goes_on_from_there(models_dir: Path, hub: Any) -> None:
    hub.pause_at = HALF
    command = [wallflower(), "models", "get", NAME]
    environ = {**os.environ, "WALLFLOWER_DATA_DIR": str(models_dir.parent)}
    # With SIGINT ignored, as a shell or a build server starts what runs in the background.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        deadline = time.monotonic() + 60
        while sum(path.stat().st_size for path in models_dir.glob(".*/model.bin")) < HALF // 2:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 1
    assert f"Stopped. What has arrived is kept; `wallflower models get {NAME}` goes on from there." in said.decode()
    assert not (models_dir / NAME).exists()
    hub.pause_at = None
    finished = subprocess.run(command, env=environ, capture_output=True, timeout=60, check=False)
    assert finished.returncode == 0, finished.stderr
    assert ranges(hub)[-1] > HALF // 2
    assert_whole(models_dir)
