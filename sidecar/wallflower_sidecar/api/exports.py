"""What was said as a file: streamed, however much it is."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
import logging

from aiohttp import hdrs, web

from ..domain.export_formats import ExportFormat, render
from .answers import Export
from .event_streams import EVENT_STREAMS
from .events import PACE
from .operations import JSON, Call, Operation, Outcome, Who
from .schemas import ExportQuery

LOGGER = logging.getLogger(__name__)

MEDIA_TYPES = {
    ExportFormat.JSON: JSON,
    ExportFormat.TXT: "text/plain",
    ExportFormat.SRT: "application/x-subrip",
    ExportFormat.VTT: "text/vtt",
}
PIECE_CHARACTERS = 32 * 1024
"""Captions are small: so much is sent at once."""


async def export_transcripts(call: Call[None, ExportQuery]) -> web.StreamResponse:
    """Send what was said, the oldest first; a reader who stops taking it is cut off."""
    request, query = call.request, call.query
    segments = await call.service.archive.export(streams=query.stream, start=query.start, end=query.end)
    names = await call.service.archive.names() if len(query.stream) != 1 else None
    response = web.StreamResponse()
    response.content_type = MEDIA_TYPES[query.format]
    if query.format is not ExportFormat.JSON:
        response.charset = "utf-8"
    response.headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="transcripts.{query.format}"'
    async with request.app[EVENT_STREAMS].opened(call.identity.id if call.identity else None):
        await response.prepare(request)
        if request.method == "GET":
            await _send(request, response, render(query.format, segments, names))
    return response


async def _send(request: web.Request, response: web.StreamResponse, text: AsyncIterator[str]) -> None:
    """An end before the last piece must not look like the whole: the connection is cut."""
    stall_s = request.app[PACE].stall_s
    whole = False
    try:
        async for piece in _pieces(text):
            async with asyncio.timeout(stall_s):
                await response.write(piece)
        whole = True
    except ConnectionError:
        LOGGER.debug("The reader of an export is gone")
    except TimeoutError:
        LOGGER.warning("The reader of an export took nothing for %.0f s and was cut off", stall_s)
    finally:
        if not whole and request.transport is not None:
            request.transport.abort()


async def _pieces(text: AsyncIterator[str]) -> AsyncIterator[bytes]:
    waiting: list[str] = []
    length = 0
    async for part in text:
        waiting.append(part)
        length += len(part)
        if length >= PIECE_CHARACTERS:
            yield "".join(waiting).encode()
            waiting.clear()
            length = 0
    yield "".join(waiting).encode()


OPERATIONS = (
    Operation(
        "GET",
        "/transcripts/export",
        "What was said as a file, the oldest first; the times of captions count from the first of them",
        export_transcripts,
        Who.READERS,
        (
            Outcome(
                HTTPStatus.OK,
                "The file, without a byte order mark",
                Export,
                other_media=tuple(media for media in MEDIA_TYPES.values() if media != JSON),
            ),
        ),
        problems=(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE),
        query=ExportQuery,
    ),
)
