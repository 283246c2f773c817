"""Phantom text: what a recogniser writes where nobody spoke, told by its figures and never by its words."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
import zlib

NO_SPEECH = 0.6
"""Whisper's probability that nobody speaks; above it only a probable text is believed (its own threshold)."""

LIKELY_NO_SPEECH = 0.5
"""The same; above it no text is believed that Whisper itself calls failed. base wrote "I'm sorry." for laughter."""

DOUBTFUL = -0.5
"""Mean log probability of the tokens. Measured with tiny.en: phantoms in noise and music -0.65 and less."""

DOUBTFUL_VOICED = -0.8
"""The same where Silero is sure that somebody speaks: a robot's "Stop!" in noise was -0.53, the worst phantom -0.97."""

SURE_PEAK = 0.8
SURE_SHARE = 0.2

LITTLE_SPEECH = 0.05
"""Part of the sound that is speech, below which only a fairly probable text is believed."""

UNCERTAIN = -0.9
"""Mean log probability below which a text in LITTLE_SPEECH is not believed."""

IMPROBABLE = -1.0
"""Mean log probability below which Whisper itself calls a decode failed."""

REPETITIVE = 2.4
"""Bytes of text for each byte of its zlib compression; above it Whisper itself calls a decode failed."""

FASTEST_SPEECH = 30.0
"""Characters a second that nobody can speak; a fast speaker reaches 20."""

UNHEARD_WORD = 0.02
"""Probability of a word that was made up; the worst of a genuine short text was 0.05."""

FEW_WORDS = 3
"""A longer text may well have a word in it that was hardly heard."""


class Phantom(StrEnum):
    """Why a text is not believed."""

    NO_SPEECH = "no_speech"
    NO_WORDS = "no_words"
    ENDLESS = "endless"
    TOO_FAST = "too_fast"
    REPETITION = "repetition"
    IMPROBABLE = "improbable"
    LITTLE_SPEECH = "little_speech"
    UNHEARD_WORD = "unheard_word"


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of one decode and its figures.

    `complete` if it ended by itself; `sound_s` seconds decoded, `speech_s` of them speech, at most `peak` probable.
    """

    text: str
    mean_log_probability: float
    no_speech_probability: float
    complete: bool
    sound_s: float
    speech_s: float
    peak: float


def runaway(decoded: Decoded) -> Phantom | None:
    """Whether the decoder fell into a loop, out of which a decode of the full window usually finds."""
    if len(decoded.text) > FASTEST_SPEECH * decoded.sound_s:
        return Phantom.TOO_FAST
    if not decoded.complete:
        return Phantom.ENDLESS
    if repetition(decoded.text) > REPETITIVE:
        return Phantom.REPETITION
    return None


def phantom(decoded: Decoded) -> Phantom | None:
    """Why the text of a last decode is not believed; None when it is.

    A probable repetition that ended by itself is believed: people do cry "help, help, help, help, help".
    So is a text that was cut off but does not repeat itself: a script with many tokens a word, not a loop.
    """
    if not any(map(str.isalnum, decoded.text)):
        return Phantom.NO_WORDS
    return _looping(decoded) or _doubted(decoded)


def _looping(decoded: Decoded) -> Phantom | None:
    repeats = repetition(decoded.text) > REPETITIVE
    if repeats and not decoded.complete:
        return Phantom.ENDLESS
    if runaway(decoded) is Phantom.TOO_FAST:
        return Phantom.TOO_FAST
    if repeats and decoded.mean_log_probability < IMPROBABLE:
        return Phantom.REPETITION
    return None


def _doubted(decoded: Decoded) -> Phantom | None:
    """Whether Whisper or Silero doubts that anybody spoke, and the text is not probable enough to say otherwise."""
    share, log_probability = decoded.speech_s / decoded.sound_s, decoded.mean_log_probability
    voiced = decoded.peak >= SURE_PEAK and share >= SURE_SHARE
    doubtful = DOUBTFUL_VOICED if voiced else DOUBTFUL
    if decoded.no_speech_probability > NO_SPEECH and log_probability < doubtful:
        return Phantom.IMPROBABLE
    if decoded.no_speech_probability > LIKELY_NO_SPEECH and log_probability < IMPROBABLE:
        return Phantom.IMPROBABLE
    if share < LITTLE_SPEECH and log_probability < UNCERTAIN:
        return Phantom.LITTLE_SPEECH
    return None


def unheard(probabilities: Sequence[float]) -> bool:
    """Whether a short text has a word that was made up, by its words' probabilities."""
    return 0 < len(probabilities) <= FEW_WORDS and min(probabilities) < UNHEARD_WORD


def repetition(text: str) -> float:
    """How many times smaller a text gets when it is compressed, as Whisper measures it; 0 for an empty one."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0
