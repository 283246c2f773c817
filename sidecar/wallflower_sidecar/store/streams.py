"""Streams as configured, and the last errors of each."""

from dataclasses import dataclass
from datetime import datetime
import json
import logging

from sqlalchemy import Text, cast, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.clock import from_millis, to_millis
from ..domain.streams import Stream, StreamError
from .columns import mine
from .rows import stream_from_document, stream_to_document
from .schema import FORMER_RECORDINGS, FORMER_STREAMS, SEGMENTS, STREAM_ERRORS, STREAMS
from .upsert import put

KEPT_ERRORS = 100

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecordedError:
    """An error of a stream, and since when it is over."""

    code: str
    message: str
    at: datetime
    recovered_at: datetime | None


async def load_streams(connection: AsyncConnection) -> list[Stream]:
    """Return all streams, ordered by id; one whose document cannot be read is left out, and the log says so."""
    rows = await connection.execute(
        select(STREAMS.c.id, cast(STREAMS.c.document, Text).label("document"))
        .where(mine(STREAMS))
        .order_by(STREAMS.c.id)
    )
    return [stream for row in rows if (stream := _stream(row.id, row.document)) is not None]


def _stream(stream_id: str, document: str) -> Stream | None:
    try:
        return stream_from_document(json.loads(document))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        LOGGER.error("Stream %s cannot be read (%s); set it up again", stream_id, type(error).__name__)  # noqa: TRY400
        return None


async def stream_names(connection: AsyncConnection) -> dict[str, str]:
    """Return the names of the streams of every sidecar by their ids; an id that several have has all their names."""
    rows = await connection.execute(
        select(STREAMS.c.id, cast(STREAMS.c.document, Text).label("document")).order_by(
            ~mine(STREAMS), STREAMS.c.server
        )
    )
    names: dict[str, dict[str, None]] = {}
    for row in rows:
        if (stream := _stream(row.id, row.document)) is not None:
            names.setdefault(stream.id, {})[stream.name] = None
    return {stream_id: " / ".join(each) for stream_id, each in names.items()}


async def save_stream(connection: AsyncConnection, stream: Stream) -> None:
    """Add a stream or put it in the place of the one with its id."""
    await put(connection, STREAMS, {"id": stream.id, "document": stream_to_document(stream)})
    await connection.execute(delete(FORMER_STREAMS).where(mine(FORMER_STREAMS), FORMER_STREAMS.c.id == stream.id))
    await connection.execute(
        delete(FORMER_RECORDINGS).where(mine(FORMER_RECORDINGS), FORMER_RECORDINGS.c.stream == stream.id)
    )


async def delete_stream(connection: AsyncConnection, stream_id: str) -> None:
    """Remove a stream and its errors; its text and recordings stay, and their retention goes on."""
    found = select(cast(STREAMS.c.document, Text)).where(mine(STREAMS), STREAMS.c.id == stream_id)
    document = (await connection.execute(found)).scalar()
    if document is None:
        return
    await connection.execute(delete(STREAMS).where(mine(STREAMS), STREAMS.c.id == stream_id))
    stream = _stream(stream_id, document)
    if stream is None:
        return
    if stream.retain_days is not None:
        await put(connection, FORMER_STREAMS, {"id": stream_id, "retain_days": stream.retain_days})
    kept = {"retain_days": stream.recording.retain_days, "retain_bytes": stream.recording.retain_bytes}
    if any(bound is not None for bound in kept.values()):
        await put(connection, FORMER_RECORDINGS, {"stream": stream_id, **kept})


async def last_transcripts(connection: AsyncConnection) -> dict[str, datetime]:
    """Return when the newest segment of each configured stream ended."""
    newest = (
        select(SEGMENTS.c.end)
        .where(SEGMENTS.c.server == STREAMS.c.server, SEGMENTS.c.stream == STREAMS.c.id)
        .order_by(SEGMENTS.c.start.desc(), SEGMENTS.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = await connection.execute(select(STREAMS.c.id, newest).where(mine(STREAMS)))
    return {stream: from_millis(end) for stream, end in rows if end is not None}


async def add_error(connection: AsyncConnection, stream_id: str, error: StreamError) -> None:
    """Note an error that began; only the last 100 of a stream are kept. Nothing happens for a stream that is gone."""
    known = await connection.execute(select(STREAMS.c.id).where(mine(STREAMS), STREAMS.c.id == stream_id))
    if known.first() is None:
        return
    values = {"code": error.code, "message": error.message, "at": to_millis(error.at)}
    await connection.execute(insert(STREAM_ERRORS).values(stream=stream_id, **values))
    kept = (
        select(STREAM_ERRORS.c.id)
        .where(mine(STREAM_ERRORS), STREAM_ERRORS.c.stream == stream_id)
        .order_by(STREAM_ERRORS.c.id.desc())
        .limit(KEPT_ERRORS)
    )
    await connection.execute(
        delete(STREAM_ERRORS).where(
            mine(STREAM_ERRORS), STREAM_ERRORS.c.stream == stream_id, STREAM_ERRORS.c.id.not_in(kept)
        )
    )


async def recover_errors(connection: AsyncConnection, stream_id: str, at: datetime) -> None:
    """Note that whatever was wrong with a stream is over."""
    await connection.execute(
        update(STREAM_ERRORS)
        .where(mine(STREAM_ERRORS), STREAM_ERRORS.c.stream == stream_id, STREAM_ERRORS.c.recovered_at.is_(None))
        .values(recovered_at=to_millis(at))
    )


async def list_errors(connection: AsyncConnection, stream_id: str) -> list[RecordedError]:
    """Return the last 100 errors of a stream, newest first."""
    newest_first = STREAM_ERRORS.c.id.desc()
    rows = await connection.execute(
        select(STREAM_ERRORS).where(mine(STREAM_ERRORS), STREAM_ERRORS.c.stream == stream_id).order_by(newest_first)
    )
    return [
        RecordedError(
            row.code,
            row.message,
            from_millis(row.at),
            None if row.recovered_at is None else from_millis(row.recovered_at),
        )
        for row in rows
    ]
