"""What requests about recordings and clips may say."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from .fields import Body, Moment, Query, StreamId, fault
from .schemas import PageQuery, RangeQuery

LONGEST_CLIP = timedelta(hours=1)


class RecordingsQuery(RangeQuery, PageQuery):
    """Which recordings: those that have something between two times."""


def _a_clip(value: datetime, info: ValidationInfo) -> datetime:
    start = info.data.get("start")
    if start is not None and value <= start:
        raise fault("The range is reversed or empty: `to` must lie after `from`.")
    if start is not None and value - start > LONGEST_CLIP:
        raise fault("A clip is an hour long at most.")
    return value


class ClipQuery(Query):
    """What is to be seen."""

    stream: StreamId
    start: Annotated[Moment, Field(alias="from")]
    end: Annotated[Moment, Field(alias="to")]

    _length = field_validator("end", mode="after")(_a_clip)


class ClipBody(Body):
    """What is to be kept."""

    stream: StreamId
    start: Annotated[Moment, Field(alias="from")]
    end: Annotated[Moment, Field(alias="to")]

    _length = field_validator("end", mode="after")(_a_clip)


class RecordingOrder(Body):
    """Record now, beside what the mode says, or no longer."""

    action: Literal["start", "stop"]
