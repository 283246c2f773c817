"""Tunes over chords with a rhythm, in the timbres of several instruments, synthesised."""

from collections.abc import Callable
import math

import numpy as np

from .speech import SAMPLE_RATE, Floats
from .waves import fading, harmonics

_SCALE = (0, 2, 4, 5, 7, 9, 11)
_CHORDS = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (9, 12, 16))


def _note(timbre: str, pitch_hz: float, duration_s: float, random: np.random.Generator) -> Floats:
    time, fade = fading(duration_s, 4)
    steady = np.minimum(1, np.minimum(time / 0.02, (time[-1] - time) / 0.05 + 0.01))
    match timbre:
        case "pluck":
            period = max(2, round(SAMPLE_RATE / pitch_hz))
            string, made = random.uniform(-1, 1, period), np.empty(len(time))
            for begin in range(0, len(time), period):
                made[begin : begin + period] = string[: len(time) - begin]
                string = 0.498 * (string + np.roll(string, 1))
            return made
        case "flute":
            vibrato = pitch_hz * (1 + 0.006 * np.sin(2 * np.pi * 5.5 * time))
            sound = harmonics(vibrato, [1, 0.15, 0.05]) + random.normal(0, 0.03, len(time))
        case "strings":
            vibrato = pitch_hz * (1 + 0.008 * np.sin(2 * np.pi * 5 * time))
            sound = harmonics(vibrato, [1 / number for number in range(1, 12)])
        case "organ":
            sound = harmonics(np.full(len(time), pitch_hz), [1, 0.8, 0.1, 0.6, 0, 0.3, 0, 0.3])
        case "brass":
            sound = harmonics(np.full(len(time), pitch_hz), [0.6, 1, 0.9, 0.7, 0.5, 0.35, 0.2])
            steady = steady * np.minimum(1, time / 0.08)
        case _:
            sound, steady = harmonics(np.full(len(time), pitch_hz), [1, 0.5, 0.33, 0.2, 0.12]), fade
    played: Floats = sound * steady
    return played


def _drum(random: np.random.Generator, low: bool) -> Floats:
    time, fade = fading(0.2, 6)
    if low:
        beaten: Floats = 1.5 * np.sin(2 * np.pi * (50 * time + 4 * (1 - np.exp(-30 * time)))) * fade
        return beaten
    return 0.5 * random.normal(0, 1, len(time)) * fade


def music(timbre: str, *, drums: bool = False) -> Callable[[int, np.random.Generator], Floats]:
    """A tune over chords in this timbre: piano, pluck, flute, strings, organ or brass."""

    def play(length: int, random: np.random.Generator) -> Floats:
        made = np.zeros(length + 2 * SAMPLE_RATE)
        beat = 60 / random.uniform(70, 140)
        key, step = float(220 * 2 ** (random.integers(0, 12) / 12)), 3
        for number in range(math.ceil(length / SAMPLE_RATE / beat)):
            at = round(number * beat * SAMPLE_RATE)
            if number % 4 == 0:
                for degree in _CHORDS[random.integers(len(_CHORDS))]:
                    _mix(made, at, 0.3 * _note(timbre, key * 2 ** (degree / 12 - 1), min(1.9, 4 * beat), random))
            for half in range(random.integers(0, 3)):
                step = int(np.clip(step + random.integers(-2, 3), 0, 13))
                pitch = key * 2 ** (step // 7 + _SCALE[step % 7] / 12)
                _mix(made, at + round(half * beat / 2 * SAMPLE_RATE), _note(timbre, pitch, beat * 0.9, random))
            if drums:
                _mix(made, at, _drum(random, low=number % 2 == 0))
                _mix(made, at + round(beat / 2 * SAMPLE_RATE), _drum(random, low=False))
        return made[:length]

    return play


def _mix(made: Floats, at: int, sound: Floats) -> None:
    room = made[at : at + len(sound)]
    room += sound[: len(room)]
