"""Spoken test material: any English sentence, and tracks in which it is known when each was said."""

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np

from .espeak import Samples
from .voices import Voice, default_voice, speak

type Floats = np.ndarray[tuple[int], np.dtype[np.float64]]

SAMPLE_RATE = 16_000
PEAK = 0.6
"""Peak of a spoken sentence, of full scale."""

AUDIBLE = 0.02
"""A sample of at least this part of its sentence's peak (-34 dB) is heard."""

TRACK_UNIT = 5120
"""Tracks last whole multiples of this many samples, which AAC (1024) and Opus (320) frames fill exactly."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence within a track."""

    text: str
    start_s: float
    """First audible sample, seconds into the track."""

    end_s: float
    """Just after the last audible sample."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Sound with known sentences: int16 mono 16 kHz."""

    samples: Samples
    sentences: tuple[Spoken, ...] = ()

    @property
    def duration_s(self) -> float:
        """Seconds it lasts."""
        return len(self.samples) / SAMPLE_RATE


def synthesise(text: str, voice: Voice | None = None) -> Samples:
    """Return the spoken text as int16 mono 16 kHz, from its first to its last audible sample."""
    raw, rate = speak(text, voice or default_voice())
    sound = _resample(raw.astype(np.float64), rate)
    peak = np.abs(sound).max()
    heard = np.flatnonzero(np.abs(sound) >= AUDIBLE * peak)
    cut = sound[heard[0] : heard[-1] + 1]
    louder: Samples = np.round(cut * (PEAK * 32767 / peak)).astype(np.int16)
    return louder


def compose(
    sentences: Sequence[str],
    *,
    pause_s: float = 1.5,
    lead_s: float = 1.0,
    duration_s: float = 0.0,
    room_dbfs: float | None = -60.0,
    voices: Sequence[Voice] = (),
) -> Track:
    """Say the sentences with pauses between, in a room whose noise is that loud (None: no noise).

    Voices take turns; without any, the default voice says all. The track ends a pause after the last sentence,
    or at duration_s if that is later.
    """
    spoken: list[Spoken] = []
    parts: list[Samples] = []
    at = round(lead_s * SAMPLE_RATE)
    for index, text in enumerate(sentences):
        said = synthesise(text, voices[index % len(voices)] if voices else None)
        spoken.append(Spoken(text, at / SAMPLE_RATE, (at + len(said)) / SAMPLE_RATE))
        parts.append(said)
        at += len(said) + round(pause_s * SAMPLE_RATE)
    length = max(at, round(duration_s * SAMPLE_RATE))
    samples = _room(math.ceil(length / TRACK_UNIT) * TRACK_UNIT, room_dbfs)
    for sentence, said in zip(spoken, parts, strict=True):
        begin = round(sentence.start_s * SAMPLE_RATE)
        samples[begin : begin + len(said)] += said
    return Track(samples, tuple(spoken))


def silence(duration_s: float, *, room_dbfs: float | None = -60.0) -> Track:
    """Return a track in which nobody speaks."""
    return compose((), lead_s=0.0, duration_s=duration_s, room_dbfs=room_dbfs)


def as_float(samples: Samples) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return the samples as float32 within ±1, as Whisper takes them."""
    return samples.astype(np.float32) / np.float32(32768)


def _resample(sound: Floats, rate: int) -> Floats:
    """Return the sound at 16 kHz, without what is above 8 kHz; it ends with some silence."""
    padded = np.zeros(math.ceil(len(sound) / rate + 0.1) * rate)
    padded[: len(sound)] = sound
    seconds = len(padded) // rate
    spectrum = np.fft.rfft(padded)[: seconds * SAMPLE_RATE // 2 + 1]
    resampled: Floats = np.fft.irfft(spectrum, seconds * SAMPLE_RATE) * (SAMPLE_RATE / rate)
    return resampled


def _room(length: int, dbfs: float | None) -> Samples:
    if dbfs is None:
        return np.zeros(length, np.int16)
    noise = np.random.default_rng(1).normal(0.0, 32768 * 10 ** (dbfs / 20), length)
    return np.round(noise).astype(np.int16)
