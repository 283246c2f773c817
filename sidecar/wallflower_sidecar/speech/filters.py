"""Phantom text: what a recogniser writes where nobody spoke, told by its figures and never by its words."""

from dataclasses import dataclass
from enum import StrEnum
import zlib

NO_SPEECH = 0.6
"""Whisper's probability that nobody speaks; above it only a probable text is believed (its own threshold)."""

DOUBTFUL = -0.5
"""Mean log probability of the tokens. Measured with tiny.en: phantoms in noise and music -0.65 and less."""

IMPROBABLE = -1.0
"""Mean log probability below which Whisper itself calls a decode failed."""

REPETITIVE = 2.4
"""Bytes of text for each byte of its zlib compression; above it Whisper itself calls a decode failed."""

FASTEST_SPEECH = 30.0
"""Characters a second that nobody can speak; a fast speaker reaches 20."""


class Phantom(StrEnum):
    """Why a text is not believed."""

    NO_SPEECH = "no_speech"
    NO_WORDS = "no_words"
    ENDLESS = "endless"
    TOO_FAST = "too_fast"
    REPETITION = "repetition"
    IMPROBABLE = "improbable"


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of one decode and its figures: `complete` if it ended by itself, `sound_s` seconds decoded."""

    text: str
    mean_log_probability: float
    no_speech_probability: float
    complete: bool
    sound_s: float


def runaway(decoded: Decoded) -> Phantom | None:
    """Whether the decoder fell into a loop, out of which a decode of the full window usually finds."""
    if len(decoded.text) > FASTEST_SPEECH * decoded.sound_s:
        return Phantom.TOO_FAST
    if not decoded.complete:
        return Phantom.ENDLESS
    if repetition(decoded.text) > REPETITIVE:
        return Phantom.REPETITION
    return None


def misled(decoded: Decoded) -> bool:
    """Whether a text made with hotwords is so improbable that they may have led the decoder astray."""
    return decoded.mean_log_probability < IMPROBABLE


def phantom(decoded: Decoded) -> Phantom | None:
    """Why the text of a last decode is not believed; None when it is.

    A probable repetition that ended by itself is believed: people do cry "help, help, help, help, help".
    So is a text that was cut off but does not repeat itself: a script with many tokens a word, not a loop.
    """
    if not any(map(str.isalnum, decoded.text)):
        return Phantom.NO_WORDS
    repeats = repetition(decoded.text) > REPETITIVE
    log_probability = decoded.mean_log_probability
    if repeats and not decoded.complete:
        return Phantom.ENDLESS
    if runaway(decoded) is Phantom.TOO_FAST:
        return Phantom.TOO_FAST
    if repeats and log_probability < IMPROBABLE:
        return Phantom.REPETITION
    if decoded.no_speech_probability > NO_SPEECH and log_probability < DOUBTFUL:
        return Phantom.IMPROBABLE
    return None


def repetition(text: str) -> float:
    """How many times smaller a text gets when it is compressed, as Whisper measures it; 0 for an empty one."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0
