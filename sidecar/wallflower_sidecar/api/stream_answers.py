"""What answers about streams and their cameras look like, as models."""

from typing import Annotated

from pydantic import Field

from ..domain.keywords import Match
from ..domain.streams import RecordingMode, StorePolicy, StreamState, TranscriptionState, Transport
from .answers import Document, Page, Probability, Time
from .fields import StreamId


class RuleObject(Document):
    """A keyword rule."""

    id: str
    name: str
    phrases: list[str]
    match: Match
    threshold: float | None = None
    excluded: Annotated[list[str], Field(alias="not")]
    min_confidence: Probability
    cooldown_s: float
    speakers: list[str]
    early: bool


class RuleFaultObject(Document):
    """A rule, by its id, that does not work, and why."""

    rule: str
    message: str


class HouseRulesObject(Page[RuleObject]):
    """The rules of all streams, always on one page."""

    rule_faults: list[RuleFaultObject]


class RecordingSettings(Document):
    """What is recorded and how long it is kept."""

    mode: RecordingMode
    retain_days: float | None
    retain_bytes: int | None
    pre_s: float
    post_s: float


class StatusError(Document):
    """What is wrong with a stream now: a capture error code and a sentence."""

    code: str
    message: str
    at: Time


class Video(Document):
    """The picture as last seen."""

    codec: str
    width: int
    height: int
    fps: float | None


class Audio(Document):
    """The sound now."""

    codec: str
    sample_rate: int
    level_dbfs: float | None


class Transcription(Document):
    """How far the text is behind the sound, and how much of each kind was given up, not believed or left out."""

    state: TranscriptionState
    lag_s: float
    dropped_s: float
    suppressed: int
    dropped_drafts: int


class Status(Document):
    """What is known of a stream now."""

    state: StreamState
    since: Time
    error: StatusError | None
    next_retry_at: Time | None
    reconnects: int
    video: Video | None
    audio: Audio | None
    speaking: bool
    recording: bool
    transcription: Transcription
    last_transcript_at: Time | None
    rule_faults: list[RuleFaultObject]


class StreamObject(Document):
    """A camera as configured, its password masked, and what is known of it now."""

    id: StreamId
    name: str
    url: str
    transport: Transport
    enabled: bool
    transcribe: bool
    language: str | None
    keywords: list[RuleObject]
    store: StorePolicy
    retain_days: float | None
    recording: RecordingSettings
    certificate: str
    status: Status


class RecordedStreamError(Document):
    """Something that was wrong with a stream, and since when it is not any more."""

    code: str
    message: str
    at: Time
    recovered_at: Time | None


class Probed(Document):
    """What a camera offers."""

    video: Video | None
    audio: Audio | None
    transport: Transport
    took_s: float
    certificate: str | None
