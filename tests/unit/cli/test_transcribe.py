"""`wallflower transcribe`, with the real speech gate and, where it is marked so, the real model."""

import asyncio
import json
import os
from pathlib import Path
import re
import signal
import sys

import psutil
import pytest

from tests.support.camera_process import CameraProcess
from tests.support.child_process import ignoring_sigint, running
from tests.support.children import child_running
from tests.support.clips import camera_clip
from tests.support.media import sparse_wave, write_wave
from tests.support.sidecar import wallflower
from tests.support.speech import Track, compose
from tests.support.waiting import eventually

from .conftest import Run

SENTENCES = ["The front door is open.", "There is a fire behind the house."]


@pytest.fixture(scope="module")
def track() -> Track:
    return compose(SENTENCES)


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


@pytest.mark.parametrize("source", ["no-such-file.wav", "rtsp://", "rtsps://h:99999/"])
def test_a_source_that_is_none_is_wrong_usage(run: Run, source: str) -> None:
    assert run("transcribe", source).exit_code == 2


def test_a_language_that_whisper_does_not_know_is_wrong_usage(run: Run) -> None:
    assert run("transcribe", __file__, "--language", "klingon").exit_code == 2


def test_a_file_without_sound_is_one_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no sound")
    result = run("transcribe", str(tmp_path / "notes.txt"), model=str(tmp_path / "no-model"))
    assert result.exit_code == 1
    assert "notes.txt" in result.stderr
    assert "Traceback" not in result.stderr


def test_without_a_model_it_says_what_to_do(run: Run, tmp_path: Path, track: Track) -> None:
    path = write_wave(tmp_path / "said.wav", track.samples)
    result = run("transcribe", str(path), model=str(tmp_path / "no-model"))
    assert result.exit_code == 1
    assert "MODEL" in result.stderr
    assert result.stdout == ""


def test_a_file_of_more_than_a_day_is_one_sentence(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "day.wav"
    result = run("transcribe", str(sparse_wave(path, 25 * 3600)), model=str(tmp_path / "no-model"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: {path}: The file holds more than 24 hours of sound; cut it.\n"


@pytest.mark.e2e
def test_a_file_s_sentences_are_printed_with_their_places(run: Run, tmp_path: Path, track: Track) -> None:
    path = write_wave(tmp_path / "said.wav", track.samples)
    result = run("transcribe", str(path))
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert [words(line.split("  ", 1)[1]) for line in lines] == [words(sentence) for sentence in SENTENCES]
    assert all(re.match(r"00:00:0\d\.\d{3} - 00:00:0\d\.\d{3}  ", line) for line in lines)


@pytest.mark.e2e
def test_as_json_they_have_their_words(run: Run, tmp_path: Path, track: Track) -> None:
    path = write_wave(tmp_path / "said.wav", track.samples)
    items = json.loads(run("transcribe", str(path), "--json").stdout)["items"]
    assert [item["start_s"] for item in items] == pytest.approx([each.start_s for each in track.sentences], abs=0.3)
    assert [word["word"].strip(" .,").lower() for word in items[0]["words"]] == words(SENTENCES[0])


@pytest.mark.e2e
async def test_a_camera_is_followed_until_ctrl_c_also_where_sigint_is_ignored(tmp_path: Path, track: Track) -> None:
    clip = await asyncio.to_thread(camera_clip, track)
    async with CameraProcess({"porch": clip}, auth=("user", "s3cret")) as camera:
        address = f"rtsp://user:s3cret@127.0.0.1:{camera.port}/porch"
        command = ignoring_sigint(wallflower(), "transcribe", "--json", "--suppressed", "-")
        environment = {"WALLFLOWER_DATA_DIR": str(tmp_path)}
        async with running("transcribe", *command, env=environment, stdin=f"{address}\n".encode()) as process:

            def heard() -> bool:
                assert process.is_running, process.lines
                said = [json.loads(line)["text"] for line in process.lines if line.startswith("{")]
                return {tuple(words(text)) for text in said} >= {tuple(words(sentence)) for sentence in SENTENCES}

            # The camera may be in the middle of a sentence when the session begins.
            await eventually(heard, timeout_s=60)
            children = psutil.Process(process.pid).children(recursive=True)
            process.process.send_signal(signal.SIGINT)
            code = await process.ended()
    assert code == 0, process.lines
    assert len(children) == 2, "one that captures, one that recognises"
    assert not any(child.is_running() for child in children)
    assert "Stopped." in process.lines
    assert not any("s3cret" in line for line in process.lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_in_the_middle_of_a_file_ends_it_with_its_reader(tmp_path: Path, number: signal.Signals) -> None:
    os.mkfifo(tmp_path / "endless")
    program = (
        "import pathlib, sys; pathlib.Path.is_file = lambda path: True;"
        "from wallflower_sidecar.cli import main; main(sys.argv[1:])"
    )
    command = ignoring_sigint(sys.executable, "-c", program, "transcribe", str(tmp_path / "endless"))
    environment = {"WALLFLOWER_DATA_DIR": str(tmp_path), "WALLFLOWER_MODEL": str(tmp_path / "no-model")}
    async with running("transcribe", *command, env=environment) as process:
        child = await eventually(lambda: child_running("capture.files.reader", process.pid), timeout_s=30)
        process.process.send_signal(number)
        code = await process.ended()
    assert code == 1
    assert process.lines[-1] == "Error: Stopped before the end of the file."
    assert not child.is_running()
