"""What answers look like: the contract's objects as models, for openapi.json and for tests to hold answers to."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..domain.health import HealthStatus
from ..domain.keywords import HitState
from ..domain.recordings import RecordingKind
from ..domain.transcripts import Source
from ..service.models import ModelState
from .fields import StreamId

type Time = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        json_schema_extra={"format": "date-time"},
    ),
]
"""RFC 3339 UTC with milliseconds."""

type Probability = Annotated[float, Field(ge=0, le=1)]


class Document(BaseModel):
    """A JSON object that the sidecar answers; later versions may add fields."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"additionalProperties": True})


class Page[T](Document):
    """A part of a list; `next` is the cursor of the part that follows, null at the end."""

    items: list[T]
    next: str | None


class Info(Document):
    """Who answers here."""

    name: Literal["wallflower"]
    version: str
    api_version: Literal[1]
    server_id: str
    started_at: Time


class CheckResult(Document):
    """One part's condition; `detail` is empty without a token."""

    name: str
    status: HealthStatus
    detail: str


class ModelObject(Document):
    """A speech model; `bytes` on disk or of its download, `languages` empty when unknown, `progress` 0-1 under way."""

    name: str
    installed: bool
    bytes: int
    languages: list[str]
    state: ModelState
    progress: Probability | None
    bundled: bool
    in_use: bool
    detail: str | None


class Config(Document):
    """The settings in force by their names; what is secret is shown as `***`."""

    settings: dict[str, str | int | bool | None]


class Reloaded(Document):
    """What reading the settings again brought: names of settings, and a sentence for each that was refused."""

    changed: list[str]
    needs_restart: list[str]
    refused: list[str]


class TranscriberObject(Document):
    """What recognises speech; `detail` is a sentence while it cannot work, or while another model stands in."""

    engine: str
    model: str | None
    state: str
    progress: Probability | None
    lag_s: float
    detail: str | None


class Health(Document):
    """The sidecar's condition: the gravest of its checks.

    Only with a token: what recognises speech, and the models whose download is under way or failed.
    """

    status: HealthStatus
    checks: list[CheckResult]
    transcriber: TranscriberObject | None = None
    models: list[ModelObject] = []


class Paired(Document):
    """The token that a pairing brought, shown this once."""

    token: str
    server_id: str


class Token(Document):
    """A token without its secret."""

    id: str
    name: str
    role: Literal["admin", "client", "viewer"]
    created_at: Time
    last_used_at: Time | None


class NewToken(Token):
    """A token with its secret, shown this once."""

    token: str


class Speaker(Document):
    """Who spoke."""

    id: str
    name: str


class Word(Document):
    """One word with its wall-clock time."""

    word: str
    start: Time
    end: Time
    probability: Probability


class SegmentObject(Document):
    """The final text of one utterance; `id` is null where nothing is stored."""

    id: str | None
    stream: StreamId
    start: Time
    end: Time
    text: str
    language: str | None
    confidence: Probability
    speaker: Speaker | None
    words: list[Word]
    source: Source


class Segments(Document):
    """What is said in a file."""

    items: list[SegmentObject]


class Forgotten(Document):
    """How many segments of text and files of recordings are gone."""

    deleted: int
    recordings: int


class Export(Document):
    """What was said, the oldest first."""

    items: list[SegmentObject]


class FoundSegment(SegmentObject):
    """A segment that a search found, its matches marked in `highlight`; null without `q`."""

    highlight: str | None


class HitRule(Document):
    """The rule that matched."""

    id: str
    name: str


class HitObject(Document):
    """A rule that matched; `segment` is null while early and where nothing is stored."""

    id: str
    stream: StreamId
    rule: HitRule
    phrase: str
    text: str
    start: Time
    end: Time
    confidence: Probability
    speaker: Speaker | None
    segment: str | None
    state: HitState
    source: Source


class Simulated(Document):
    """What simulated words became."""

    segment: SegmentObject
    hits: list[HitObject]


class Replayed(Page[HitObject]):
    """What a rule would have done: `count` hits in all, of which these are a part."""

    count: int


class RecordingObject(Document):
    """A recorded file, or a clip that was kept; the item itself is video/mp4."""

    id: str
    stream: StreamId
    start: Time
    end: Time
    bytes: int
    kind: RecordingKind


class Deleted(Document):
    """How many segments were forgotten."""

    deleted: int


class FaultObject(Document):
    """One fault in the input; `path` is `keywords[0].phrases`, a parameter's name, or `body`."""

    path: str
    message: str


class Problem(Document):
    """RFC 9457: what is wrong, and what to do."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: list[FaultObject] | None = None
