"""The building blocks of synthesised sound: coloured noise, tones, blows; floats at 16 kHz, repeatable by seed."""

from collections.abc import Callable, Sequence
import math

import numpy as np

from .speech import SAMPLE_RATE, Floats


def coloured(length: int, random: np.random.Generator, power: float) -> Floats:
    """Noise whose power falls with frequency to this power: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(random.normal(0, 1, length))
    frequencies = np.maximum(np.fft.rfftfreq(length, 1 / SAMPLE_RATE), 20.0)
    shaped = np.fft.irfft(spectrum * frequencies ** (-power / 2), length)
    scaled: Floats = shaped / np.abs(shaped).max()
    return scaled


def band(sound: Floats, low_hz: float, high_hz: float) -> Floats:
    """Leave out what is below and above."""
    spectrum = np.fft.rfft(sound)
    frequencies = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    spectrum[(frequencies < low_hz) | (frequencies > high_hz)] = 0
    kept: Floats = np.fft.irfft(spectrum, len(sound))
    return kept


def wander(length: int, random: np.random.Generator, every_s: float, low: float, high: float) -> Floats:
    """A value that drifts between two bounds, with a new aim every so many seconds."""
    points = max(2, math.ceil(length / SAMPLE_RATE / every_s) + 1)
    aims = random.uniform(low, high, points)
    drifting: Floats = np.interp(np.arange(length), np.linspace(0, length, points), aims)
    return drifting


def harmonics(pitch_hz: Floats, weights: Sequence[float]) -> Floats:
    """A tone of changing pitch with these strengths of its harmonics."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
    tone: Floats = np.sum([weight * np.sin(number * phase) for number, weight in enumerate(weights, 1)], axis=0)
    return tone


def struck(
    length: int,
    random: np.random.Generator,
    gap_s: tuple[float, float],
    blow: Callable[[np.random.Generator], Floats],
) -> Floats:
    """One blow after another, at uneven times."""
    made = np.zeros(length)
    at = round(random.uniform(*gap_s) * SAMPLE_RATE)
    while at < length:
        sound = blow(random)[: length - at]
        made[at : at + len(sound)] += sound * random.uniform(0.5, 1)
        at += max(1, round(random.uniform(*gap_s) * SAMPLE_RATE))
    return made


def fading(duration_s: float, decay: float) -> tuple[Floats, Floats]:
    """Seconds of a blow's samples, and how it dies away (time constants within its duration)."""
    time = np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    return time, np.exp(-time * decay / duration_s)
