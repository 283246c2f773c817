"""How loud a camera is while it is tried: a moment of its sound, and nothing where there is none."""

from pathlib import Path
import wave

import av
import numpy as np
import pytest

from wallflower_sidecar.capture.listening.loudness import loudness

RATE = 16_000


def recorded(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def tone(seconds: float) -> np.ndarray:
    return 16_384 * np.sin(2 * np.pi * 440 * np.arange(round(RATE * seconds)) / RATE)


@pytest.mark.parametrize(
    ("samples", "level"), [(tone(2.0), -9.0), (tone(0.1), -9.0), (np.zeros(RATE), -100.0), (np.zeros(0), None)]
)
def test_the_level_is_that_of_what_comes_first_however_little(
    tmp_path: Path, samples: np.ndarray, level: float | None
) -> None:
    with av.open(str(recorded(tmp_path / "sound.wav", samples))) as container:
        assert loudness(container, container.streams.audio[0]) == level


def test_not_more_is_read_than_is_needed_and_nothing_after_it_was_given_up(tmp_path: Path) -> None:
    path = recorded(tmp_path / "sound.wav", np.concatenate([tone(0.6), np.zeros(RATE * 60)]))
    with av.open(str(path)) as container:
        assert loudness(container, container.streams.audio[0]) == -9.0
    with av.open(str(path)) as container:
        loudness(container, container.streams.audio[0], cancelled=lambda: True)
        remaining = sum(packet.duration or 0 for packet in container.demux())
        assert remaining > RATE * 60
