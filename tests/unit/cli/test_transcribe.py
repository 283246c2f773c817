"""`wallflower transcribe`, with the real speech gate and, where it is marked so, the real model."""

import asyncio
import json
import os
from pathlib import Path
import re
import signal
import sys

import pytest

from tests.support.camera_process import CameraProcess
from tests.support.clips import camera_clip
from tests.support.sidecar import wallflower
from tests.support.speech import Track, compose

from .conftest import Run
from .test_media_file import write_wave

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
async def test_a_camera_is_followed_until_ctrl_c(tmp_path: Path, track: Track) -> None:
    clip = await asyncio.to_thread(camera_clip, track)
    async with CameraProcess({"porch": clip}, auth=("user", "s3cret")) as camera:
        process = await asyncio.create_subprocess_exec(
            wallflower(),
            "transcribe",
            "--json",
            "-",
            env={**os.environ, "WALLFLOWER_DATA_DIR": str(tmp_path), "PATH": str(Path(sys.executable).parent)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"rtsp://user:s3cret@127.0.0.1:{camera.port}/porch\n".encode())
        wanted = {tuple(words(sentence)) for sentence in SENTENCES}
        async with asyncio.timeout(60):
            # The camera may be in the middle of a sentence when the session begins.
            while wanted:
                wanted.discard(tuple(words(json.loads(await process.stdout.readline())["text"])))
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(15):
            _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert b"s3cret" not in said
