"""The contract's objects as frozen values; fields that are not known here are ignored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

type Document = Mapping[str, Any]

DELIVERING = frozenset({"streaming", "degraded"})
"""The states of a stream in which packets arrive."""

NO_AUDIO = "no_audio"
"""The code of a camera that sends a picture only."""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Who the sidecar is."""

    version: str
    api_version: int
    server_id: str
    started_at: datetime | None = None

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read the answer of `/info`."""
        started = document.get("started_at")
        return cls(
            version=str(document["version"]),
            api_version=int(document["api_version"]),
            server_id=str(document["server_id"]),
            started_at=None if started is None else datetime.fromisoformat(started),
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """What to listen for; `excluded` is `not` on the wire."""

    id: str
    name: str
    phrases: tuple[str, ...]
    match: str = "phrase"
    threshold: float | None = None
    excluded: tuple[str, ...] = ()
    min_confidence: float = 0.0
    cooldown_s: float = 0.0
    speakers: tuple[str, ...] = ()
    early: bool = False

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read a Rule; what is not given has the contract's default."""
        threshold = document.get("threshold")
        return cls(
            id=str(document["id"]),
            name=str(document.get("name") or document["id"]),
            phrases=tuple(document["phrases"]),
            match=str(document.get("match", "phrase")),
            threshold=None if threshold is None else float(threshold),
            excluded=tuple(document.get("not", ())),
            min_confidence=float(document.get("min_confidence", 0)),
            cooldown_s=float(document.get("cooldown_s", 0)),
            speakers=tuple(document.get("speakers", ())),
            early=bool(document.get("early", False)),
        )

    def to_document(self) -> dict[str, Any]:
        """Write the rule for a request, or for a subentry's data."""
        document: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "phrases": list(self.phrases),
            "match": self.match,
            "not": list(self.excluded),
            "min_confidence": self.min_confidence,
            "cooldown_s": self.cooldown_s,
            "speakers": list(self.speakers),
            "early": self.early,
        }
        return document if self.threshold is None else document | {"threshold": self.threshold}


def rules_from_document(document: Document) -> tuple[Rule, ...]:
    """Read a list of rules: the answer of `/keywords/rules`, or `rules.changed`."""
    return tuple(Rule.from_document(rule) for rule in document["items"])


@dataclass(frozen=True, slots=True)
class StreamError:
    """What is wrong with a stream now: a capture error code and a sentence for a person."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """How a stream is, without what changes with every packet."""

    state: str
    since: datetime | None = None
    error: StreamError | None = None
    next_retry_at: datetime | None = None
    reconnects: int = 0
    speaking: bool = False
    recording: bool = False
    transcription: str = "off"
    last_transcript_at: datetime | None = None

    @property
    def delivers(self) -> bool:
        """Whether packets arrive."""
        return self.state in DELIVERING

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read a stream's status."""
        error, retry, last = (document.get(name) for name in ("error", "next_retry_at", "last_transcript_at"))
        since = document.get("since")
        return cls(
            state=str(document["state"]),
            since=None if since is None else datetime.fromisoformat(since),
            error=None if error is None else StreamError(str(error["code"]), str(error["message"])),
            next_retry_at=None if retry is None else datetime.fromisoformat(retry),
            reconnects=int(document.get("reconnects", 0)),
            speaking=bool(document.get("speaking", False)),
            recording=bool(document.get("recording", False)),
            transcription=str((document.get("transcription") or {}).get("state", "off")),
            last_transcript_at=None if last is None else datetime.fromisoformat(last),
        )


@dataclass(frozen=True, slots=True)
class Stream:
    """A camera as the sidecar has it; the password in `url` is `***`."""

    id: str
    name: str
    url: str
    transport: str
    enabled: bool
    transcribe: bool
    language: str | None
    keywords: tuple[Rule, ...]
    store: str
    retain_days: float | None
    recording_mode: str
    status: StreamStatus

    @property
    def is_heard(self) -> bool:
        """Whether what is said there is listened to now."""
        is_mute = self.status.error is not None and self.status.error.code == NO_AUDIO
        return self.transcribe and self.status.delivers and not is_mute

    @property
    def keeps_text(self) -> bool:
        """Whether everything that is said may be shown and kept as text."""
        return self.store in {"all", "text"}

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read a Stream."""
        days = document.get("retain_days")
        return cls(
            id=str(document["id"]),
            name=str(document["name"]),
            url=str(document["url"]),
            transport=str(document["transport"]),
            enabled=bool(document.get("enabled", True)),
            transcribe=bool(document["transcribe"]),
            language=document.get("language"),
            keywords=tuple(Rule.from_document(rule) for rule in document["keywords"]),
            store=str(document["store"]),
            retain_days=None if days is None else float(days),
            recording_mode=str((document.get("recording") or {}).get("mode", "off")),
            status=StreamStatus.from_document(document["status"]),
        )


@dataclass(frozen=True, slots=True)
class Measures:
    """How far the text of a stream is behind, how much speech was given up, and how loud it is now."""

    lag_s: float
    dropped_s: float
    level_dbfs: float | None

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read a Stream."""
        status = document["status"]
        transcription, audio = status.get("transcription") or {}, status.get("audio") or {}
        level = audio.get("level_dbfs")
        return cls(
            lag_s=float(transcription.get("lag_s", 0)),
            dropped_s=float(transcription.get("dropped_s", 0)),
            level_dbfs=None if level is None else float(level),
        )


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a camera offers, in words such as `h264, 1920 × 1080, 15 fps`; None for what it lacks.

    `level_dbfs` is how loud it was just now.
    """

    video: str | None
    audio: str | None
    transport: str
    level_dbfs: float | None = None

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read the answer of `/probe`."""
        video, audio = document.get("video"), document.get("audio")
        return cls(
            video=None if video is None else _video_text(video),
            audio=None if audio is None else f"{audio['codec']}, {audio['sample_rate']} Hz",
            transport=str(document["transport"]),
            level_dbfs=None if audio is None else _number(audio.get("level_dbfs")),
        )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _video_text(video: Document) -> str:
    text = f"{video['codec']}, {video['width']} × {video['height']}"
    return text if video.get("fps") is None else f"{text}, {float(video['fps']):g} fps"
