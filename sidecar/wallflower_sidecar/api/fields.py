"""The kinds of value that bodies and queries are made of, each with its bounds and its refusals."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
import re
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from ..domain.camera_certificate import parse_certificate
from ..domain.camera_url import MAX_LENGTH, CameraUrl
from ..domain.errors import FieldError
from ..domain.languages import LANGUAGES
from .problems import Fault

ID_PATTERN = r"[a-z0-9][a-z0-9_-]{0,63}"
"""A stream's id; the caller chooses it."""

_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_BUT_SPACES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_MINUTES_OF_AN_HOUR = 60
_LEAP_SECOND = 60
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


class Body(BaseModel):
    """A JSON object that a request carries: strict types, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)

    @classmethod
    def faults_between_fields(cls, document: dict[str, Any]) -> list[Fault]:  # noqa: ARG003 - for those that have some
        """Name what is wrong between fields that are each right by themselves."""
        return []


class Query(BaseModel):
    """The parameters of a request, from text: no unknown ones."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)

    REPEATED: ClassVar[frozenset[str]] = frozenset()
    """The parameters that may be given more than once: they become lists."""


class NoQuery(Query):
    """A request that takes no parameters."""


def fault(message: str) -> PydanticCustomError:
    """Return a refusal with a sentence of our own."""
    return PydanticCustomError("refused", "{message}", {"message": message})


def _without(pattern: re.Pattern[str], what: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if _HALF_CHARACTER.search(value):
            raise fault("The text holds half a character (a lone surrogate).")
        if pattern.search(value):
            raise fault(f"The text holds {what}.")
        return value

    return check


def parse_time(text: str) -> datetime:
    """Read an RFC 3339 time with an offset; before year 1 or after 9999 in UTC it becomes the first or last moment."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise fault("Give a time with date, seconds and offset, such as 2026-11-22T07:20:42.125Z.")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    offset = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0))
    if offset >= timedelta(days=1) or int(offset_minutes or 0) >= _MINUTES_OF_AN_HOUR:
        raise fault("The offset of the time is not valid.")
    leap_second = second == _LEAP_SECOND
    try:
        local = datetime(
            max(year, 1),
            month,
            day,
            hour,
            minute,
            second - leap_second,
            int(f"{fraction or 0:0<6}"[:6]),
            tzinfo=timezone(-offset if sign == "-" else offset),
        )
    except ValueError:
        raise fault("There is no such date or time of day.") from None
    if year == 0:
        return _FIRST
    try:
        return local.astimezone(UTC) + timedelta(seconds=leap_second)
    except OverflowError:
        return _FIRST if year == 1 else _LAST


def _query_time(value: object) -> object:
    if not isinstance(value, str):
        return value
    # An unencoded + reaches us as a space.
    return parse_time(re.sub(r" (?=\d\d:\d\d$)", "+", value) if value.count(" ") == 1 else value)


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise fault("Give a language code that Whisper knows, such as en or de, or null to detect it.")
    return value


def _camera_url(value: str) -> str:
    try:
        return CameraUrl.parse(value).text
    except FieldError as error:
        raise fault(str(error)) from None


def _certificate(value: str) -> str:
    try:
        return parse_certificate(value)
    except FieldError as error:
        raise fault(str(error)) from None


def _switch(value: object) -> object:
    if value not in {"true", "false", "1", "0"}:
        raise fault("Give true or false.")
    return value in {"true", "1"}


def _whole_number(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
        raise fault("Give a whole number.")
    return int(value)


type Line = Annotated[str, AfterValidator(_without(_CONTROL, "a control character"))]
"""Text on one line."""

type Prose = Annotated[str, AfterValidator(_without(_CONTROL_BUT_SPACES, "a control character"))]
"""Text that may run over lines."""

type Name = Annotated[Line, Field(min_length=1, max_length=100)]
"""What a person calls something: 1 to 100 characters."""

type StreamId = Annotated[str, Field(pattern=rf"^{ID_PATTERN}$", strict=True)]
"""A stream's id."""

type ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", strict=True)]
"""A speech model's name."""

type Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
"""The id of something that the sidecar named."""

type LanguageCode = Annotated[
    str, AfterValidator(_language), WithJsonSchema({"type": "string", "enum": sorted(LANGUAGES)})
]
"""A language that Whisper knows."""

type Url = Annotated[
    str,
    Field(max_length=MAX_LENGTH),
    AfterValidator(_camera_url),
    Field(json_schema_extra={"pattern": "^rtsps?://"}),
]
"""A camera's address; `***` may stand for its stored password."""

type CertificateChoice = Annotated[
    str,
    AfterValidator(_certificate),
    Field(json_schema_extra={"pattern": "^(any|verify|sha256:[0-9a-f]{64})$"}),
]
"""Which certificate a camera may show: any, verify (a trusted authority's), sha256: and a fingerprint."""

type Days = Annotated[float, Field(gt=0, le=36_500)]
"""How long something is kept, in days."""

type Moment = Annotated[datetime, BeforeValidator(_query_time)]
"""A parameter that is an RFC 3339 time with an offset."""

type Switch = Annotated[bool, BeforeValidator(_switch), WithJsonSchema({"type": "boolean"})]
"""A parameter that is true or false."""

type WholeNumber = Annotated[int, BeforeValidator(_whole_number)]
"""A parameter that is a whole number."""

type Limit = Annotated[WholeNumber, Field(ge=1, le=1000)]
"""How many items a list answers at most."""

type Cursor = Annotated[str, Field(min_length=1, max_length=1024)]
"""Where a list goes on: the `next` of the answer before."""

type Anything = Annotated[Any, Field(description="Ignored.")]
"""A field that may be there and has no effect."""
