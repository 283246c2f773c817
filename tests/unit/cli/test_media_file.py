"""A file's sound becomes utterances at their place in the file."""

from pathlib import Path
import wave

import numpy as np
import pytest

from tests.support.speech import SAMPLE_RATE, Track, compose
from wallflower_sidecar.cli.media_file import START, MediaFileError, utterances_of
from wallflower_sidecar.domain.transcripts import Utterance


def write_wave(path: Path, samples: np.ndarray, rate: int = SAMPLE_RATE, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(samples, channels).astype("<i2").tobytes())
    return path


def utterances(path: Path) -> list[Utterance]:
    return [utterance for piece in utterances_of(path) for utterance in piece.utterances]


@pytest.fixture(scope="module")
def track() -> Track:
    return compose(["The front door is open.", "There is a fire behind the house."])


@pytest.mark.parametrize("channels", [1, 2])
def test_sentences_are_found_where_they_were_said(tmp_path: Path, track: Track, channels: int) -> None:
    found = utterances(write_wave(tmp_path / "said.wav", track.samples, channels=channels))
    starts = [(utterance.start - START).total_seconds() for utterance in found]
    assert starts == pytest.approx([sentence.start_s for sentence in track.sentences], abs=0.3)
    ends = [(utterance.end - START).total_seconds() for utterance in found]
    assert ends == pytest.approx([sentence.end_s for sentence in track.sentences], abs=0.5)


def test_progress_reaches_the_end(tmp_path: Path, track: Track) -> None:
    pieces = list(utterances_of(write_wave(tmp_path / "said.wav", track.samples)))
    assert pieces[-1].total_s == pytest.approx(track.duration_s, abs=0.1)
    assert pieces[-1].read_s == pytest.approx(track.duration_s, abs=0.1)


def test_silence_has_no_sentences(tmp_path: Path) -> None:
    assert utterances(write_wave(tmp_path / "silence.wav", np.zeros(SAMPLE_RATE * 3, np.int16))) == []


def test_a_file_that_is_no_media_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "text.wav"
    path.write_bytes(b"this is no sound" * 100)
    with pytest.raises(MediaFileError, match=r"text\.wav"):
        utterances(path)


def test_a_file_that_ends_early_gives_what_it_has(tmp_path: Path, track: Track) -> None:
    path = write_wave(tmp_path / "said.wav", track.samples)
    raw = path.read_bytes()
    path.write_bytes(raw[: 44 + (len(raw) - 44) // 2])
    assert len(utterances(path)) >= 1


def test_an_empty_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    with pytest.raises(MediaFileError):
        utterances(tmp_path / "empty.wav")
