"""`wallflower doctor` names what is wrong, one line each, with what to do."""

import json
import os
from pathlib import Path
import socket
import sqlite3
import subprocess
import sys
from typing import Any

import pytest

from tests.support.ports import free_port
from tests.support.sidecar import wallflower

from .conftest import Run


def findings(run: Run, **environ: str) -> tuple[int, dict[str, tuple[str, str]]]:
    environ = {"port": "0", **environ}
    result = run("doctor", "--json", **environ)
    document: dict[str, Any] = json.loads(result.stdout)
    assert document["ok"] == (result.exit_code == 0)
    return result.exit_code, {each["check"]: (each["outcome"], each["detail"]) for each in document["checks"]}


def test_on_a_sound_machine_nothing_fails(run: Run) -> None:
    code, found = findings(run)
    assert code == 0, found
    assert {found[check][0] for check in ("Python", "Libraries", "Codecs", "Settings", "Data folder")} == {"fine"}


def test_each_check_is_one_line_with_its_sign(run: Run) -> None:
    result = run("doctor", port="0")
    lines = result.stdout.splitlines()
    assert lines
    assert {line[0] for line in lines} <= {"✓", "!", "✗"}


def test_every_fault_of_the_settings_is_a_line(run: Run) -> None:
    result = run("doctor", port="many", log_level="loud")
    assert result.exit_code == 1
    wrong = [line for line in result.stdout.splitlines() if line.startswith("✗ Settings")]
    assert len(wrong) == 2


def test_a_data_folder_that_cannot_be_written_fails(run: Run) -> None:
    code, found = findings(run, data_dir="/proc/wallflower")
    assert (code, found["Data folder"][0]) == (1, "failed")


def test_a_damaged_database_fails(run: Run, data_dir: Path) -> None:
    data_dir.mkdir(parents=True)
    (data_dir / "wallflower.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    code, found = findings(run)
    assert (code, found["Database"][0]) == (1, "failed")


def test_a_database_with_a_torn_page_fails(run: Run, data_dir: Path) -> None:
    data_dir.mkdir(parents=True)
    path = data_dir / "wallflower.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x TEXT)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 200)
    raw = bytearray(path.read_bytes())
    raw[8192:12288] = b"\xa5" * 4096
    path.write_bytes(raw)
    code, found = findings(run)
    assert (code, found["Database"][0]) == (1, "failed")


def test_a_sound_database_is_not_changed(run: Run, data_dir: Path) -> None:
    data_dir.mkdir(parents=True)
    path = data_dir / "wallflower.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x TEXT)")
    before = path.read_bytes()
    _, found = findings(run)
    assert found["Database"][0] == "fine"
    assert path.read_bytes() == before


def test_a_model_that_is_not_there_fails(run: Run, tmp_path: Path) -> None:
    code, found = findings(run, model=str(tmp_path / "nothing"))
    assert (code, found["Speech model"][0]) == (1, "failed")


def test_a_model_that_is_not_whole_fails(run: Run, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    code, found = findings(run, model=str(tmp_path / "model"))
    assert (code, found["Speech model"][0]) == (1, "failed")


def test_a_port_taken_by_another_program_fails(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        code, found = findings(run, port=str(other.getsockname()[1]))
    assert (code, found["Port"][0]) == (1, "failed")


def test_a_host_that_is_not_this_machine_fails(run: Run) -> None:
    code, found = findings(run, host="192.0.2.1", port="8953")
    assert (code, found["Port"][0]) == (1, "failed")


@pytest.mark.parametrize("name", ["cv2", "webrtcvad", "faster_whisper"])
def test_a_library_that_cannot_be_loaded_fails(run: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    import sys  # noqa: PLC0415

    monkeypatch.setitem(sys.modules, name, None)
    code, found = findings(run)
    assert (code, found["Libraries"][0]) == (1, "failed")
    assert name in found["Libraries"][1]


def test_a_whisperlive_server_that_is_away_fails_with_what_to_do(run: Run) -> None:
    code, found = findings(run, engine="whisperlive", whisperlive_url=f"ws://127.0.0.1:{free_port()}")
    outcome, detail = found["Engine"]
    assert (code, outcome) == (1, "failed")
    assert "WHISPERLIVE_URL" in detail
    assert "Speech model" not in found


def test_an_interpreter_without_whisper_live_fails_with_what_to_install(run: Run) -> None:
    code, found = findings(run, engine="managed", whisperlive_python=sys.executable)
    outcome, detail = found["Engine"]
    assert (code, outcome) == (1, "failed")
    assert "whisper-live" in detail


def test_it_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "WALLFLOWER_DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run([wallflower(), "doctor", "--json"], env=environ, capture_output=True, check=False, timeout=60)
    assert json.loads(done.stdout)["checks"]
    assert list(home.rglob("*")) == []
