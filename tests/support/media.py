"""Audio and video files that people hand over."""

from pathlib import Path
import wave

import numpy as np

from .ffmpeg import encode
from .speech import SAMPLE_RATE, Track


def write_wave(path: Path, samples: np.ndarray, rate: int = SAMPLE_RATE, channels: int = 1) -> Path:
    """Write int16 samples, the same on every channel."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(samples, channels).astype("<i2").tobytes())
    return path


def media(path: Path, track: Track, *options: str) -> Path:
    """Encode a track as the path's suffix says, with ffmpeg's output options."""
    spoken = write_wave(path.with_name(f"{path.name}.spoken.wav"), track.samples)
    encode(("-i", str(spoken), *options, str(path)))
    spoken.unlink()
    return path


def sparse_wave(path: Path, duration_s: float) -> Path:
    """Write hours of silence that take no room on the disk (8 kHz, 8 bits)."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(b"")
    size = int(duration_s * 8000)
    header = bytearray(path.read_bytes())
    header[4:8] = (size + 36).to_bytes(4, "little")
    header[40:44] = size.to_bytes(4, "little")
    with path.open("wb") as raw:
        raw.write(header)
        raw.truncate(len(header) + size)
    return path
