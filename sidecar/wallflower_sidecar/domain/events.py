"""What happens, as subscribers of the event stream see it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """The contract's types, `rules.changed`, `transcript.forgotten`, and for debugging `transcript.suppressed`."""

    TRANSCRIPT_FINAL = "transcript.final"
    TRANSCRIPT_PARTIAL = "transcript.partial"
    TRANSCRIPT_SUPPRESSED = "transcript.suppressed"
    TRANSCRIPT_FORGOTTEN = "transcript.forgotten"
    KEYWORD_DETECTED = "keyword.detected"
    KEYWORD_CONFIRMED = "keyword.confirmed"
    KEYWORD_RETRACTED = "keyword.retracted"
    SPEECH_STARTED = "speech.started"
    SPEECH_ENDED = "speech.ended"
    STREAM_CHANGED = "stream.changed"
    STREAM_REMOVED = "stream.removed"
    RECORDING_SAVED = "recording.saved"
    SERVER_CHANGED = "server.changed"
    RULES_CHANGED = "rules.changed"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event before it has its number; `data` is JSON-ready.

    `segment` is the id of the segment, or of the hit without one, that it is a copy of: forgotten with it.
    """

    type: EventType
    data: dict[str, Any]
    at: datetime
    stream: str | None = None
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An event with its number; `id` is None for live events that are never stored."""

    id: int | None
    type: EventType
    data: dict[str, Any]
    stream: str | None = None


@dataclass(frozen=True, slots=True)
class EventBounds:
    """The oldest number still held (newest + 1 when none is) and the newest ever given (0 before the first)."""

    oldest: int
    newest: int


@dataclass(frozen=True, slots=True)
class EventPage:
    """Stored events in order; all up to `position` were looked at, `complete` when there were no more."""

    events: tuple[Event, ...]
    position: int
    complete: bool
