"""The keeper's side of a server process: what it is given, and the one sentence on how it ended."""

import json
import time

import pytest

from wallflower_sidecar.speech.managed.server import Patience, ServerError, ServerProcess

QUICK = Patience(start_s=0.5, silence_s=0.5)
LISTENS = """echo '{"port": 4711}'"""


def started(folder, script, patience=QUICK):
    """A server whose interpreter is a shell script."""
    command = folder / "interpreter"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    return ServerProcess(str(command), 3, {"token": "secret"}, patience)


def end_of(server):
    try:
        server.wait_until_listening()
        server.watch()
    except ServerError as error:
        return error
    finally:
        server.end()


def test_its_options_arrive_and_the_sidecars_own_environment_and_secrets_do_not(tmp_path, monkeypatch):
    for name in ("PYTHONPATH", "WALLFLOWER_TOKEN", "WALLFLOWER_WHISPERLIVE_TOKEN", "WALLFLOWER_LOG_LEVEL"):
        monkeypatch.setenv(name, "given")
    server = started(tmp_path, f"head -n 1 >{tmp_path}/options; env >{tmp_path}/env; {LISTENS}; exec sleep 30")
    try:
        server.wait_until_listening()
        assert server.port == 4711
    finally:
        server.end()
    assert json.loads((tmp_path / "options").read_text()) == {"token": "secret"}
    given = (tmp_path / "env").read_text().splitlines()
    assert [line for line in given if line.endswith("=given")] == ["WALLFLOWER_LOG_LEVEL=given"]
    assert "OMP_NUM_THREADS=3" in given


@pytest.mark.parametrize(
    ("script", "code", "sentence"),
    [
        ("exit 3", "died", "The WhisperLive server ended with 3."),
        ("kill -9 $$", "died", "The WhisperLive server was killed by SIGKILL."),
        (
            "echo libgomp is missing >&2; exit 127",
            "died",
            "The WhisperLive server ended with 127 (libgomp is missing).",
        ),
        (
            """echo '{"error": "OSError: no space"}'; exit 1""",
            "died",
            "The WhisperLive server ended with 1 (OSError: no space).",
        ),
        ("exec sleep 30", "died", "The WhisperLive server did not start in 0 s."),
        (f"{LISTENS}; exec sleep 30", "died", "The WhisperLive server stood still for 0 s."),
    ],
)
def test_how_it_ended_is_one_sentence(tmp_path, script, code, sentence):
    error = end_of(started(tmp_path, script))
    assert (error.code, str(error)) == (code, sentence)


def test_what_it_logged_is_never_in_that_sentence(tmp_path):
    error = end_of(started(tmp_path, "echo 'ERROR:root:my bank card number is' >&2; kill -ABRT $$"))
    assert str(error) == "The WhisperLive server was killed by SIGABRT."


@pytest.mark.parametrize(
    ("missing", "named"), [("whisper_live", "WhisperLive is not installed"), ("torch.cuda", "module torch.cuda")]
)
def test_what_is_missing_is_named_with_the_interpreter(tmp_path, missing, named):
    error = end_of(started(tmp_path, f"""echo '{{"missing": "{missing}"}}'; exit 1"""))
    assert error.code == "not_installed"
    assert named in str(error)
    assert str(tmp_path / "interpreter") in str(error)


def test_ending_it_takes_no_waiting_even_if_another_process_holds_its_output(tmp_path):
    server = started(tmp_path, f"{LISTENS}; sleep 10")
    server.wait_until_listening()
    began = time.monotonic()
    server.end()
    assert time.monotonic() - began < 5
