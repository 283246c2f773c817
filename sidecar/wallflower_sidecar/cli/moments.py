"""Times as people type them: a date, a time of day, an RFC 3339 time, or how long ago."""

from datetime import datetime, timedelta
import re
from typing import override

import click

_AGO = re.compile(r"(\d{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_TODAY = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")


class Moment(click.ParamType[datetime]):
    """A point in time, with its offset; local time where none is given."""

    name = "time"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read a time."""
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        now = datetime.now().astimezone()
        try:
            if ago := _AGO.fullmatch(text):
                return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
            if _TODAY.fullmatch(text):
                text = f"{now:%Y-%m-%d} {text:0>5}"
            # Without an offset astimezone takes it for local time.
            return datetime.fromisoformat(text).astimezone()
        except ValueError, OverflowError:
            self.fail(
                f"{text!r} is no time: give 2026-11-22, 2026-11-22T07:20:42Z, 07:20, 90m, 2h or 3d (ago).", param, ctx
            )


def _not_reversed(ctx: click.Context, param: click.Parameter, end: datetime | None) -> datetime | None:
    start: datetime | None = ctx.params.get("start")
    if start is not None and end is not None and end < start:
        raise click.BadParameter("--to lies before --from.", ctx, param)
    return end


def range_options[F](command: F) -> F:
    """Add --from and --to."""
    until = click.option("--to", "end", type=Moment(), callback=_not_reversed, help="What begins before this.")
    since = click.option(
        "--from",
        "start",
        type=Moment(),
        is_eager=True,
        help="What begins at or after this: 2026-11-22, 07:20, 2h (ago).",
    )
    return since(until(command))  # type: ignore[type-var]
