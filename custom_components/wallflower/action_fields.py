"""The fields that actions share, and the times that they mean."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from .const import DOMAIN

if TYPE_CHECKING:
    # What Home Assistant serves under the other name.
    import probatio as vol
else:
    import voluptuous as vol

ATTR_CONFIDENCE = "confidence"
ATTR_DURATION = "duration"
ATTR_END_TIME = "end_time"
ATTR_FILENAME = "filename"
ATTR_FORMAT = "format"
ATTR_KEYWORDS = "keywords"
ATTR_LANGUAGE = "language"
ATTR_LIMIT = "limit"
ATTR_MATCH = "match"
ATTR_MEDIA = "media"
ATTR_MINUTES = "minutes"
ATTR_NOT = "not"
ATTR_PHRASES = "phrases"
ATTR_QUERY = "query"
ATTR_START_TIME = "start_time"
ATTR_STORE = "store"
ATTR_TEXT = "text"
ATTR_THRESHOLD = "threshold"

A_DAY = timedelta(days=1)
MAX_TEXT = 10_000
MAX_MINUTES = 7 * 24 * 60

RANGE_FIELDS: dict[vol.Marker, object] = {
    vol.Optional(ATTR_START_TIME): cv.datetime,
    vol.Optional(ATTR_END_TIME): cv.datetime,
}
SPAN_FIELDS: dict[vol.Marker, object] = {**RANGE_FIELDS, vol.Optional(ATTR_DURATION): cv.positive_time_period}

TEXT = vol.All(cv.string, vol.Length(1, MAX_TEXT))
LIMIT_FIELDS: dict[vol.Marker, object] = {
    vol.Optional(ATTR_LIMIT, default=50): vol.All(vol.Coerce(int), vol.Range(1, 1000))
}
SEARCH_FIELDS: dict[vol.Marker, object] = {**RANGE_FIELDS, **LIMIT_FIELDS, vol.Required(ATTR_QUERY): TEXT}
REPLAY_FIELDS: dict[vol.Marker, object] = {
    **RANGE_FIELDS,
    vol.Required(ATTR_PHRASES): vol.All(cv.ensure_list, [TEXT], vol.Length(1)),
    vol.Optional(ATTR_MATCH, default="phrase"): vol.In(["phrase", "fuzzy", "regex"]),
    vol.Optional(ATTR_THRESHOLD): vol.All(vol.Coerce(float), vol.Range(0, 100)),
    vol.Optional(ATTR_NOT, default=list): vol.All(cv.ensure_list, [TEXT]),
}
FORGET_FIELDS: dict[vol.Marker, object] = {
    vol.Required(ATTR_MINUTES): vol.All(vol.Coerce(float), vol.Range(1 / 60, MAX_MINUTES)),
}


def range_of(fields: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return the times that were given, as they were meant: local where no zone stands; raises if they are reversed."""
    begin, end = (
        None if (given := fields.get(name)) is None else dt_util.as_utc(given)
        for name in (ATTR_START_TIME, ATTR_END_TIME)
    )
    if begin is not None and end is not None and begin >= end:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="reversed_times")
    return begin, end


def span_of(call: ServiceCall) -> tuple[datetime, datetime]:
    """Return a time with both its ends: what is missing follows from the duration, which ends now by default."""
    begin, end = range_of(call.data)
    duration = call.data.get(ATTR_DURATION)
    if duration is not None and begin is not None and end is not None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="too_many_times")
    if duration is None:
        duration = A_DAY
        if begin is not None and end is None:
            end = dt_util.utcnow()
    if begin is not None:
        end = end or begin + duration
    else:
        end = end or dt_util.utcnow()
        begin = end - duration
    if begin >= end:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="reversed_times")
    return begin, end
