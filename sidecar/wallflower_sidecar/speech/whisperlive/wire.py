"""What goes over the wire between us and a WhisperLive server; nothing a server sends is believed unchecked."""

from dataclasses import dataclass
import json
import math
from typing import Any

from wallflower_sidecar.domain.languages import LANGUAGES

LARGEST_FRAME_S = 12.0
"""Seconds of float32 sound in one frame: 750 KiB, where a server's limit is 1 MiB."""

RESENT_SEGMENTS = 32
"""A decode completes up to some twenty segments of an utterance at once, and only the last so many are told."""

LARGEST_MESSAGE = 1_048_576
MOST_SEGMENTS = 64
_LONGEST_TEXT = 4_000
_LONGEST_TOLD = 160
_LATEST_S = 1e6
_ONLY_LARGE_V3 = {"yue": "zh"}
"""A language that older models lack and that would deadlock the server, and the nearest one."""


class BadMessageError(Exception):
    """This is no message of a WhisperLive server."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word with its time in seconds of the session and its probability."""

    word: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment as the server tells it, in seconds since the session's first sample."""

    start: float
    end: float
    text: str
    completed: bool
    words: tuple[SpokenWord, ...] = ()


@dataclass(frozen=True, slots=True)
class Segments:
    """The last completed segments, and at most one that may still change."""

    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """The model is loaded."""


@dataclass(frozen=True, slots=True)
class Wait:
    """All places are taken for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The session has lived as long as the server lets it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The server cannot serve; its own words, made harmless."""

    text: str


@dataclass(frozen=True, slots=True)
class Warned:
    """The server does something else than it was set to; its own words, made harmless."""

    text: str


@dataclass(frozen=True, slots=True)
class Language:
    """The language the server detected; it stays with it for the whole session."""

    code: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A message of a kind that we have no use for."""


type Incoming = Segments | Ready | Wait | Disconnect | Failure | Warned | Language | Unknown


def known_language(code: str | None, model: str | None) -> str | None:
    """The code as every model takes it; None (detect) for one that Whisper does not know."""
    if code in _ONLY_LARGE_V3 and not (model and ("v3" in model or "turbo" in model)):
        return _ONLY_LARGE_V3[code]
    return code if code in LANGUAGES else None


def options(uid: str, *, model: str | None, language: str | None, hotwords: str | None) -> str:
    """The first frame. Only options that every server takes: a bad one leaves the server's other clients without text.

    The thresholds are those of the embedded engine; silence and doubt are judged here once more.
    """
    chosen: dict[str, Any] = {
        "uid": uid,
        "language": language,
        "task": "transcribe",
        "model": model or "small",
        "use_vad": True,
        "vad_parameters": {"threshold": 0.35},
        "no_speech_thresh": 0.6,
        "same_output_threshold": 2,
        "send_last_n_segments": RESENT_SEGMENTS,
        "clip_audio": False,
        "word_timestamps": True,
    }
    if hotwords:
        chosen["hotwords"] = hotwords
    return json.dumps(chosen)


def read(text: str, uid: str) -> Incoming:
    """Read a text frame; raises BadMessageError, which holds nothing of it."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadMessageError("no JSON") from error
    if not isinstance(message, dict):
        raise BadMessageError("no object")
    if message.get("uid", uid) != uid:
        raise BadMessageError("for somebody else")
    if "segments" in message:
        return _segments(message["segments"])
    if "language" in message:
        code = message["language"]
        return Language(code) if isinstance(code, str) and code in LANGUAGES else Unknown()
    return _said(message.get("status"), message.get("message"))


def _said(status: object, message: object) -> Incoming:
    match status, message:
        case "WAIT", _:
            minutes = _number(message)
            return Wait(60.0 * max(0.0, minutes) if minutes is not None else 0.0)
        case "ERROR", _:
            return Failure(_told(message))
        case "WARNING", _:
            return Warned(_told(message))
        case _, "SERVER_READY":
            return Ready()
        case _, "DISCONNECT":
            return Disconnect()
        case _:
            return Unknown()


def _segments(told: object) -> Segments:
    if not isinstance(told, list):
        raise BadMessageError("segments are no list")
    return Segments(tuple(_piece(each) for each in told[-MOST_SEGMENTS:]))


def _piece(told: object) -> Piece:
    if not isinstance(told, dict) or not isinstance(told.get("text"), str):
        raise BadMessageError("a segment without text")
    span = _span(told)
    if span is None:
        raise BadMessageError("a segment without times")
    return Piece(*span, clean(told["text"]), told.get("completed") is True, _words(told.get("words")))


def _words(told: object) -> tuple[SpokenWord, ...]:
    """The words, or none at all if one of them cannot be believed."""
    if not isinstance(told, list):
        return ()
    words: list[SpokenWord] = []
    for each in told:
        if not isinstance(each, dict) or not isinstance(each.get("word"), str):
            return ()
        span, probability = _span(each), _number(each.get("probability"))
        if span is None or probability is None or not 0 <= probability <= 1:
            return ()
        if word := clean(each["word"]):
            words.append(SpokenWord(word, *span, probability))
    return tuple(words)


def _span(told: dict[str, Any]) -> tuple[float, float] | None:
    start, end = _number(told.get("start")), _number(told.get("end"))
    if start is None or end is None or not 0 <= start <= end <= _LATEST_S:
        return None
    return start, end


def _number(value: object) -> float | None:
    """Times are text in some servers, numbers in others."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError, OverflowError:
        return None
    return number if math.isfinite(number) else None


def clean(text: str) -> str:
    """Text that can be stored and shown: no lone surrogates, no control characters, white space folded."""
    whole = text[:_LONGEST_TEXT].encode("utf-8", "replace").decode()
    return " ".join("".join(letter if letter.isprintable() else " " for letter in whole).split())


def _told(message: object) -> str:
    return clean(message)[:_LONGEST_TOLD] if isinstance(message, str) else ""
