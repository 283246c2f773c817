"""What was heard and filmed, as frozen values; fields that are not known here are ignored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from .models import Document


@dataclass(frozen=True, slots=True)
class Segment:
    """What somebody said; `id` is None where nothing is stored.

    `utterance` is that of its partials, `highlight` the text as HTML with `<mark>` around what was looked for.
    """

    id: str | None
    stream: str
    start: datetime
    end: datetime
    text: str
    language: str | None
    confidence: float
    speaker: str | None
    source: str
    utterance: str | None
    highlight: str | None

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read a Segment, found or told."""
        return cls(
            id=document.get("id"),
            stream=str(document["stream"]),
            start=datetime.fromisoformat(document["start"]),
            end=datetime.fromisoformat(document["end"]),
            text=str(document["text"]),
            language=document.get("language"),
            confidence=float(document["confidence"]),
            speaker=_speaker(document),
            source=str(document["source"]),
            utterance=document.get("utterance"),
            highlight=document.get("highlight"),
        )

    def to_response(self) -> dict[str, Any]:
        """Write it as an action answers it."""
        return {
            "segment": self.id,
            "start": self.start.isoformat(timespec="milliseconds"),
            "end": self.end.isoformat(timespec="milliseconds"),
            "text": self.text,
            "language": self.language,
            "confidence": self.confidence,
            "speaker": self.speaker,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Partial:
    """What somebody is saying: text that may still change, the same `utterance` until its Segment comes."""

    stream: str
    utterance: str
    start: datetime
    text: str

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read a `transcript.partial`."""
        return cls(
            stream=str(document["stream"]),
            utterance=str(document["utterance"]),
            start=datetime.fromisoformat(document["start"]),
            text=str(document["text"]),
        )


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was said on a stream from `begin` until before `end` is to be shown no more; None is no bound."""

    stream: str
    begin: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Gap:
    """What was said on a stream in this time may never have been told; `begin` is None if nobody knows it."""

    stream: str
    begin: datetime | None
    end: datetime


@dataclass(frozen=True, slots=True)
class Hit:
    """A keyword rule that matched; `state` is early, confirmed or retracted, `source` speech or simulated."""

    id: str
    stream: str
    rule_id: str
    rule_name: str
    phrase: str
    text: str
    start: datetime
    end: datetime
    confidence: float
    speaker: str | None
    segment: str | None
    state: str
    source: str

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read a Hit."""
        return cls(
            id=str(document["id"]),
            stream=str(document["stream"]),
            rule_id=str(document["rule"]["id"]),
            rule_name=str(document["rule"]["name"]),
            phrase=str(document["phrase"]),
            text=str(document["text"]),
            start=datetime.fromisoformat(document["start"]),
            end=datetime.fromisoformat(document["end"]),
            confidence=float(document["confidence"]),
            speaker=_speaker(document),
            segment=document.get("segment"),
            state=str(document["state"]),
            source=str(document.get("source", "speech")),
        )

    def to_response(self) -> dict[str, Any]:
        """Write it as an action answers it."""
        return {
            "keyword": self.rule_name,
            "phrase": self.phrase,
            "start": self.start.isoformat(timespec="milliseconds"),
            "end": self.end.isoformat(timespec="milliseconds"),
            "text": self.text,
            "confidence": self.confidence,
            "segment": self.segment,
        }


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A hit that was told early stands."""

    hit: Hit

    @property
    def stream(self) -> str:
        """The stream that it was heard on."""
        return self.hit.stream


@dataclass(frozen=True, slots=True)
class Recording:
    """A film that the sidecar keeps; `kind` is segment (one file of many) or clip."""

    id: str
    stream: str
    start: datetime
    end: datetime
    kind: str

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read a Recording."""
        return cls(
            id=str(document["id"]),
            stream=str(document["stream"]),
            start=datetime.fromisoformat(document["start"]),
            end=datetime.fromisoformat(document["end"]),
            kind=str(document["kind"]),
        )


def _speaker(document: Document) -> str | None:
    speaker = document.get("speaker")
    return None if speaker is None else str(speaker["name"])
