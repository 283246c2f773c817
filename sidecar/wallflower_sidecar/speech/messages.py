"""What the sidecar and the engine process say to each other; `t` names the kind."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from wallflower_sidecar.domain.transcripts import Hints, Transcript, Utterance, Word
from wallflower_sidecar.processes.wire import Message

LOAD = "load"
TRANSCRIBE = "transcribe"
STATE = "state"
TRANSCRIPT = "transcript"
REFUSED = "refused"


def load(model: str | None, models_dir: Path, threads: int) -> Message:
    """To the engine, first of all: the model's setting, where fetched models are, threads (0: by the machine)."""
    return {"t": LOAD, "model": model, "models_dir": str(models_dir), "threads": threads}


def transcribe(number: int, utterance: Utterance, hints: Hints) -> Message:
    """To the engine: decode this; `number` comes back with the answer."""
    return {
        "t": TRANSCRIBE,
        "number": number,
        "pcm": utterance.pcm,
        "language": hints.language,
        "hotwords": list(hints.hotwords),
    }


def state(
    name: str, *, model: str | None = None, progress: float | None = None, code: str = "", detail: str = ""
) -> Message:
    """From the engine: starting, downloading, ready, no_model or failed; the last two with a code and a sentence."""
    return {"t": STATE, "state": name, "model": model, "progress": progress, "code": code, "detail": detail}


def transcript(
    number: int,
    text: str,
    language: str | None,
    confidence: float,
    *,
    words: Sequence[tuple[str, float, float, float]],
    phantoms: Sequence[str],
) -> Message:
    """From the engine: what was heard; words as (word, start, end, probability), seconds from the first sample."""
    return {
        "t": TRANSCRIPT,
        "number": number,
        "text": text,
        "language": language,
        "confidence": confidence,
        "words": list(words),
        "phantoms": list(phantoms),
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
    )
