"""Times whose recordings are forgotten: noted until no file of them can come back from a disk that is away."""

from collections.abc import Collection
from datetime import datetime
import json

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.clock import from_millis, to_millis
from ..domain.recordings import ForgottenSpan
from ..domain.transcripts import new_id
from .columns import mine
from .schema import META

_KEY = "forgotten_recordings:"


async def note(connection: AsyncConnection, span: ForgottenSpan) -> None:
    """Remember a time; the rows of its recordings are deleted by who asks for this."""
    times = [None if each is None else to_millis(each) for each in (span.start, span.end)]
    row = {"key": _KEY + new_id(), "value": json.dumps([span.stream, *times])}
    await connection.execute(insert(META), row)


async def load(connection: AsyncConnection) -> dict[str, ForgottenSpan]:
    """Return what is noted, by the keys under which `drop` finds it."""
    rows = await connection.execute(select(META).where(mine(META), META.c.key.startswith(_KEY, autoescape=True)))
    return {row.key: _span(*json.loads(row.value)) for row in rows}


async def drop(connection: AsyncConnection, keys: Collection[str]) -> None:
    """Forget what was noted: it is done."""
    await connection.execute(delete(META).where(mine(META), META.c.key.in_(keys)))


def _span(stream: str | None, start: int | None, end: int) -> ForgottenSpan:
    return ForgottenSpan(stream, _moment(start), from_millis(end))


def _moment(millis: int | None) -> datetime | None:
    return None if millis is None else from_millis(millis)
