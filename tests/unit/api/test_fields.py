"""RFC 3339 times as they are read."""

from datetime import UTC, datetime

from pydantic_core import PydanticCustomError
import pytest

from wallflower_sidecar.api.fields import parse_time


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T07:20:42.125Z", datetime(2026, 11, 22, 7, 20, 42, 125_000, UTC)),
        ("2026-11-22t08:20:42+01:00", datetime(2026, 11, 22, 7, 20, 42, 0, UTC)),
        ("2026-11-22T02:50:42.5-04:30", datetime(2026, 11, 22, 7, 20, 42, 500_000, UTC)),
        ("2026-11-22T07:20:42.1234567899Z", datetime(2026, 11, 22, 7, 20, 42, 123_456, UTC)),
        ("2026-12-31T23:59:60Z", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-12-31T18:59:60-05:00", datetime(2027, 1, 1, tzinfo=UTC)),
        ("0000-06-01T00:00:00Z", datetime.min.replace(tzinfo=UTC)),
        ("0001-01-01T00:00:00+00:01", datetime.min.replace(tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999-00:01", datetime.max.replace(tzinfo=UTC)),
        ("9999-12-31T23:59:60Z", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_a_time_is_read_into_utc(text: str, moment: datetime) -> None:
    assert parse_time(text) == moment
    assert parse_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["2026-11-22T07:20:42", "2026-02-29T00:00:00Z", "2026-11-22T07:20:42Z ", "", "0000-02-30T00:00:00Z"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(PydanticCustomError):
        parse_time(text)
