"""Speech on its way to text: the utterance the gate cut, the transcript of it, the segment that is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
import uuid

SAMPLE_RATE = 16_000
"""Samples a second of all sound past the capture worker's resampler; what Whisper and the gate want."""


class Source(StrEnum):
    """Where a segment's words come from."""

    SPEECH = "speech"
    SIMULATED = "simulated"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of speech: `pcm` is int16 little-endian mono 16 kHz whose first sample was heard at `pcm_start`.

    `start` and `end` are the first and last speech frame, without pre-roll and hangover.
    """

    id: str
    stream: str
    start: datetime
    end: datetime
    pcm_start: datetime
    pcm: bytes

    @property
    def duration_s(self) -> float:
        """Seconds of sound in `pcm`."""
        return len(self.pcm) / 2 / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Word:
    """One word with its wall-clock time and the recogniser's probability (0–1)."""

    word: str
    start: datetime
    end: datetime
    probability: float


@dataclass(frozen=True, slots=True)
class Hints:
    """What helps a recogniser: a language code (None = detect) and words it should expect.

    `languages` are weights (0–1) of the languages lately heard on the stream, that of any other named "".
    """

    language: str | None = None
    hotwords: tuple[str, ...] = ()
    languages: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Text that was not believed, and why (a word such as `no_speech` or `repetition`)."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recogniser made of one utterance; empty `text` means that nothing was said.

    `language_probability` (0–1) tells how sure a detected language is.
    """

    text: str
    language: str | None
    confidence: float
    words: tuple[Word, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    language_probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who spoke."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Segment:
    """Final text of one utterance with wall-clock start and end (UTC); `id` is None where nothing is stored."""

    id: str | None
    stream: str
    start: datetime
    end: datetime
    text: str
    language: str | None
    confidence: float
    speaker: Speaker | None = None
    words: tuple[Word, ...] = ()
    source: Source = Source.SPEECH


def new_id() -> str:
    """Return a fresh UUIDv7 as text: ids sort by the time they were made."""
    return str(uuid.uuid7())
