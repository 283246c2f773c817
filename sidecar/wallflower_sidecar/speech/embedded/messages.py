"""What the sidecar and the engine process say to each other; `t` names the kind."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from wallflower_sidecar.domain.transcripts import Hints, Suppressed, Transcript, Utterance, Word
from wallflower_sidecar.processes.wire import Message

from ..models.find import LocalModel

LOAD = "load"
TRANSCRIBE = "transcribe"
STATE = "state"
TRANSCRIPT = "transcript"
REFUSED = "refused"


def load(model: LocalModel, threads: int, number: int) -> Message:
    """To the engine: work with this model from now on; threads for decoding (0: by the machine).

    `number` comes back with each state of this model.
    """
    return {
        "t": LOAD,
        "number": number,
        "name": model.name,
        "folder": str(model.folder),
        "sha256": dict(model.sha256),
        "threads": threads,
    }


def read_load(message: Message) -> LocalModel:
    """The model in a message."""
    return LocalModel(message["name"], Path(message["folder"]), message["sha256"])


def transcribe(number: int, utterance: Utterance, hints: Hints, *, draft: bool = False) -> Message:
    """To the engine: decode this, quickly and without words as a `draft`; `number` comes back with the answer."""
    return {
        "t": TRANSCRIBE,
        "number": number,
        "pcm": utterance.pcm,
        "language": hints.language,
        "hotwords": list(hints.hotwords),
        "languages": None if hints.languages is None else dict(hints.languages),
        "draft": draft,
    }


def state(number: int, name: str, *, code: str = "", detail: str = "") -> Message:
    """From the engine, of the model of that `load`: starting, ready, or failed with a code and a sentence."""
    return {"t": STATE, "number": number, "state": name, "code": code, "detail": detail}


def transcript(
    number: int,
    text: str,
    language: str | None,
    confidence: float,
    *,
    words: Sequence[tuple[str, float, float, float]],
    phantoms: Sequence[str],
    suppressed: Sequence[tuple[str, str]] = (),
    language_probability: float = 1.0,
) -> Message:
    """From the engine: what was heard; words as (word, start, end, probability), seconds from the first sample.

    `phantoms` are the reasons why something was left out, `suppressed` the texts that were, as (text, reason).
    """
    return {
        "t": TRANSCRIPT,
        "number": number,
        "text": text,
        "language": language,
        "confidence": confidence,
        "language_probability": language_probability,
        "words": list(words),
        "phantoms": list(phantoms),
        "suppressed": list(suppressed),
    }


def refused(number: int) -> Message:
    """From the engine: this utterance cannot be decoded; the log has the cause."""
    return {"t": REFUSED, "number": number}


def read_transcript(message: Message, utterance: Utterance) -> Transcript:
    """The transcript in a message; word times become wall-clock times within the utterance's speech."""

    def moment(seconds: float) -> datetime:
        return min(max(utterance.pcm_start + timedelta(seconds=seconds), utterance.start), utterance.end)

    return Transcript(
        text=message["text"],
        language=message["language"],
        confidence=message["confidence"],
        words=tuple(
            Word(word, moment(start), moment(end), probability) for word, start, end, probability in message["words"]
        ),
        suppressed=tuple(Suppressed(text, reason) for text, reason in message["suppressed"]),
        language_probability=message["language_probability"],
    )
