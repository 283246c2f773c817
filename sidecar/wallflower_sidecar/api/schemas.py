"""What requests may carry beside streams: the bodies and queries of the contract."""

from datetime import UTC, datetime, timedelta
import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from ..domain.access import Role
from ..domain.events import EventType
from ..domain.export_formats import ExportFormat
from ..domain.streams import Transport
from .fields import (
    Body,
    CertificateChoice,
    Cursor,
    LanguageCode,
    Limit,
    Moment,
    Name,
    Prose,
    Query,
    StreamId,
    Switch,
    Url,
    WholeNumber,
    fault,
)

MAX_EVENT_ID = 2**63 - 1
MAX_CHOSEN = 200
MAX_MINUTES = 366 * 24 * 60
LATEST_START = datetime.max.replace(tzinfo=UTC) - timedelta(days=3)
_NOT_SEARCHABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class PairBody(Body):
    """The code that `wallflower pair` prints."""

    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]


class TokenBody(Body):
    """A token to be made; a viewer's unless another role is asked for."""

    name: Name
    role: Annotated[Role, Field(strict=False)] = Role.VIEWER


class SimulateBody(Body):
    """Words to be taken as if they had been said."""

    text: Annotated[Prose, Field(min_length=1, max_length=10_000, pattern=r"\S")]
    confidence: Annotated[float, Field(ge=0, le=1)] = 1.0
    store: bool = True


class ForgetBody(Body):
    """How much of the last time is to be forgotten; without `stream` of all streams."""

    minutes: Annotated[float, Field(gt=0, le=MAX_MINUTES)]
    stream: StreamId | None = None


class ProbeBody(Body):
    """A camera to be tried; with `stream`, `***` in the address stands for what is stored, as does no `certificate`."""

    url: Url
    transport: Annotated[Transport, Field(strict=False)] = Transport.AUTO
    certificate: CertificateChoice | None = None
    stream: StreamId | None = None


def _leaves_room(value: datetime) -> datetime:
    if value > LATEST_START:
        raise fault("The time lies too far in the future.")
    return value


class TranscribeQuery(Query):
    """The language of a file, and the time of its first moment."""

    language: LanguageCode | None = None
    start: Annotated[Moment, AfterValidator(_leaves_room)] | None = None


class PageQuery(Query):
    """A list, a page at a time."""

    limit: Limit = 100
    cursor: Cursor | None = None


class DeleteStreamQuery(Query):
    """Whether text, hits and recordings go with the stream."""

    purge: Switch = False


class SnapshotQuery(Query):
    """The picture's width in pixels; without it as the camera sends it."""

    width: Annotated[WholeNumber, Field(ge=16, le=7680)] | None = None


class LiveQuery(SnapshotQuery):
    """How many pictures a second are wanted at most."""

    fps: Annotated[WholeNumber, Field(ge=1, le=30)] = 5


def not_reversed(value: datetime | None, info: ValidationInfo) -> datetime | None:
    """Refuse an `end` before its `start`."""
    start = info.data.get("start")
    if value is not None and start is not None and value < start:
        raise fault("The range is reversed: `to` lies before `from`.")
    return value


class TimesQuery(Query):
    """What lies between two times."""

    start: Annotated[Moment | None, Field(alias="from")] = None
    end: Annotated[Moment | None, Field(alias="to")] = None

    _order = field_validator("end", mode="after")(not_reversed)


class RangeQuery(TimesQuery):
    """What lies between two times, of one stream or of all."""

    stream: StreamId | None = None


def _searchable(value: object) -> object:
    return _NOT_SEARCHABLE.sub(" ", value).strip() or None if isinstance(value, str) else value


class ExportQuery(TimesQuery):
    """Which segments, and as what; without `stream` those of all."""

    REPEATED = frozenset({"stream"})

    format: Annotated[ExportFormat, Field(strict=False)] = ExportFormat.JSON
    stream: Annotated[list[StreamId], Field(max_length=MAX_CHOSEN)] = []


class SearchQuery(TimesQuery, PageQuery):
    """Which segments, without `stream` those of all; `q` may hold anything."""

    REPEATED = frozenset({"stream"})

    stream: Annotated[list[StreamId], Field(max_length=MAX_CHOSEN)] = []
    q: Annotated[str | None, BeforeValidator(_searchable)] = None
    speaker: Name | None = None
    rule: Name | None = None


def _types(value: object) -> object:
    known = {kind.value for kind in EventType}
    names = str(value).split(",")
    if not known.issuperset(names):
        raise fault(f"Give one or more of {', '.join(sorted(known))}, separated by commas.")
    return frozenset(EventType(name) for name in names)


def parse_event_id(value: object) -> int:
    """Read an event's number; one beyond all that can be given becomes the greatest."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,40}", value, re.ASCII):
        raise fault("Give the id of an event, a whole number.")
    return min(int(value), MAX_EVENT_ID)


class EventsQuery(Query):
    """Which events, and from where on."""

    stream: StreamId | None = None
    types: Annotated[
        frozenset[EventType],
        BeforeValidator(_types),
        WithJsonSchema({"type": "string", "examples": ["transcript.final,keyword.detected"]}),
    ] = frozenset()
    after: Annotated[
        int | None,
        BeforeValidator(parse_event_id),
        WithJsonSchema({"type": "string", "pattern": r"^\d{1,40}$"}),
    ] = None
