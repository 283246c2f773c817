"""A stream: one camera as configured, and what is known of it now."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .camera_certificate import ANY
from .keywords import Rule, RuleFault


class Transport(StrEnum):
    """How RTP packets travel: inside the RTSP connection, as datagrams, or whichever works."""

    AUTO = "auto"
    TCP = "tcp"
    UDP = "udp"


class StorePolicy(StrEnum):
    """How much of what a camera hears is kept."""

    ALL = "all"
    TEXT = "text"
    KEYWORDS = "keywords"
    NOTHING = "nothing"


class RecordingMode(StrEnum):
    """When packets are written to disk."""

    OFF = "off"
    CONTINUOUS = "continuous"
    KEYWORD = "keyword"


@dataclass(frozen=True, slots=True)
class Recording:
    """What is recorded of a stream, with seconds around a hit, and how long it is kept."""

    mode: RecordingMode = RecordingMode.OFF
    retain_days: float | None = None
    retain_bytes: int | None = None
    pre_s: float = 10.0
    post_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Stream:
    """One camera as configured; `url` carries its password in clear and never leaves the sidecar."""

    id: str
    name: str
    url: str
    transport: Transport = Transport.AUTO
    enabled: bool = True
    transcribe: bool = True
    language: str | None = None
    keywords: tuple[Rule, ...] = ()
    store: StorePolicy = StorePolicy.ALL
    retain_days: float | None = None
    recording: Recording = Recording()
    certificate: str = ANY
    """Which one the camera may show under rtsps: `any`, `verify` or `sha256:` and its fingerprint."""

    def needs_new_session(self, before: Stream) -> bool:
        """Whether the change from `before` to this must restart the RTSP session."""
        return self._session != before._session

    @property
    def _session(self) -> tuple[object, ...]:
        return self.url, self.transport, self.certificate, self.enabled


class StreamState(StrEnum):
    """Where a stream's session is."""

    IDLE = "idle"
    RESOLVING = "resolving"
    CONNECTING = "connecting"
    STREAMING = "streaming"
    DEGRADED = "degraded"
    STALLED = "stalled"
    BACKOFF = "backoff"
    OPEN = "open"
    AUTH_FAILED = "auth_failed"
    STOPPING = "stopping"

    @property
    def delivers(self) -> bool:
        """Whether packets arrive in this state."""
        return self in (StreamState.STREAMING, StreamState.DEGRADED)


class TranscriptionState(StrEnum):
    """Whether a stream's speech becomes text now."""

    OFF = "off"
    OK = "ok"
    LAGGING = "lagging"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class StreamError:
    """What is wrong: a capture error code, one sentence for a person (never a secret), and since when."""

    code: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The picture as last seen."""

    codec: str
    width: int
    height: int
    fps: float | None


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """The sound now: `level_dbfs` is the newest block's level, null before the first."""

    codec: str
    sample_rate: int
    level_dbfs: float | None = None


@dataclass(frozen=True, slots=True)
class TranscriptionStatus:
    """How far the text is behind the sound (`lag_s`) and how many seconds of speech were given up (`dropped_s`).

    `suppressed` counts texts that were not believed, `dropped_drafts` drafts of unfinished speech that were left out.
    """

    state: TranscriptionState = TranscriptionState.OFF
    lag_s: float = 0.0
    dropped_s: float = 0.0
    suppressed: int = 0
    dropped_drafts: int = 0


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """What is known of a stream at this moment."""

    state: StreamState
    since: datetime
    error: StreamError | None = None
    next_retry_at: datetime | None = None
    reconnects: int = 0
    video: VideoInfo | None = None
    audio: AudioInfo | None = None
    speaking: bool = False
    recording: bool = False
    transcription: TranscriptionStatus = field(default_factory=TranscriptionStatus)
    last_transcript_at: datetime | None = None
    rule_faults: tuple[RuleFault, ...] = ()
