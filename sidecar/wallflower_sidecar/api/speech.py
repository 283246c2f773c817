"""Files turned into text, and the recogniser started anew."""

import asyncio
from collections.abc import Coroutine
from http import HTTPStatus
import logging
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from ..capture.files.media_file import START, MediaFileError
from ..domain.documents import segment_document, transcriber_document
from ..domain.errors import WallflowerError
from ..domain.transcripts import Hints, Segment
from ..service.files import BusyError, Upload
from .answers import Segments, TranscriberObject
from .fields import NoQuery
from .operations import JSON, Call, Operation, Outcome, Who, json_answer
from .problems import Fault, ProblemError, invalid, to_json
from .schemas import TranscribeQuery

LOGGER = logging.getLogger(__name__)

MAX_FILE_BYTES = 200_000_000
IDLE_S = 30.0
"""A body that stops arriving for this long is given up."""

ARRIVAL_S = 1800.0
"""The whole of it must have arrived in this time."""

QUIET_S = 20.0
"""While a file is being transcribed a space is sent this often, so that nobody on the way takes the link for dead."""

BUSY_RETRY_S = 10
_LOOK_EVERY_S = 0.25
_BLOCK_BYTES = 1_000_000
_MEDIA_TYPES = ("audio/*", "video/*", "application/octet-stream")


async def transcribe(call: Call[None, TranscribeQuery]) -> web.StreamResponse:
    """Transcribe an audio or video file; nothing of it is kept."""
    request = call.request
    if (request.content_length or 0) > MAX_FILE_BYTES:
        raise _too_large()
    if request.content_type.startswith("multipart/"):
        raise invalid([Fault("body", "Send the file itself as the body, not a form.")])
    hints = Hints(call.query.language or call.service.configuration.settings.language)
    try:
        async with call.service.files.upload(request.content_length) as upload:
            await _invite(request)
            await _receive(request, upload)
            return await _answer(request, upload.segments(hints, call.query.start or START))
    except BusyError as error:
        retry = {"Retry-After": str(BUSY_RETRY_S)}
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, str(error), headers=retry) from None
    except MediaFileError as error:
        raise invalid([Fault("body", str(error))]) from None


async def restart_transcriber(call: Call[None, NoQuery]) -> web.Response:
    """Start the recogniser anew at once; answers how it is now."""
    call.service.restart_transcriber()
    return json_answer(transcriber_document(call.service.transcriber()), HTTPStatus.ACCEPTED)


async def _invite(request: web.Request) -> None:
    """Send what a client waits for that asked before it sends the body (`Expect: 100-continue`)."""
    if "Expect" in request.headers and request.version >= (1, 1):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer itself has not begun


async def _receive(request: web.Request, upload: Upload) -> None:
    """Write the body as it arrives; raises ProblemError: too_large, invalid."""
    arrived = 0
    block = bytearray()
    try:
        async with asyncio.timeout(ARRIVAL_S):
            while not request.content.at_eof():
                async with asyncio.timeout(IDLE_S):
                    data = await request.content.readany()
                arrived += len(data)
                if arrived > MAX_FILE_BYTES:
                    raise _too_large()
                block += data
                if len(block) >= _BLOCK_BYTES or request.content.at_eof():
                    await upload.write(bytes(block))
                    block.clear()
    except TimeoutError:
        raise invalid([Fault("body", "The body did not arrive in time.")]) from None
    except web.RequestPayloadError, HttpProcessingError:
        fault = Fault("body", "The body could not be read: its transfer or content encoding is broken.")
        raise invalid([fault]) from None


async def _answer(request: web.Request, work: Coroutine[Any, Any, list[Segment]]) -> web.StreamResponse:
    """Answer the segments once they are there; the work ends when whoever asked is gone."""
    task = asyncio.create_task(work)
    response: web.StreamResponse | None = None
    loop = asyncio.get_running_loop()
    heard_at = loop.time()
    try:
        while not (await asyncio.wait({task}, timeout=_LOOK_EVERY_S))[0]:
            if request.transport is None:
                raise ConnectionResetError("Whoever asked is gone")
            if loop.time() - heard_at >= QUIET_S:
                response = response or await _begin(request)
                await response.write(b" ")
                heard_at = loop.time()
        document = {"items": [segment_document(segment) for segment in task.result()]}
    except WallflowerError as error:
        if response is None:
            raise
        LOGGER.warning("A file could not be transcribed to its end: %s", error)
        raise ConnectionResetError("The answer has begun already") from None
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    if response is None:
        return json_answer(document)
    await response.write(to_json(document))
    return response


async def _begin(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_type = JSON
    await response.prepare(request)
    return response


def _too_large() -> ProblemError:
    return ProblemError(HTTPStatus.CONTENT_TOO_LARGE, f"The file is over {MAX_FILE_BYTES // 1_000_000} MB.")


OPERATIONS = (
    Operation(
        "POST",
        "/transcribe",
        "What is said in an audio or video file of at most 200 MB; neither stored nor told",
        transcribe,
        Who.CLIENTS,
        (Outcome(HTTPStatus.OK, "In the order in which it is said; times count from `start`", Segments),),
        problems=(HTTPStatus.CONTENT_TOO_LARGE, HTTPStatus.SERVICE_UNAVAILABLE),
        query=TranscribeQuery,
        upload=_MEDIA_TYPES,
    ),
    Operation(
        "POST",
        "/transcriber/restart",
        "Start the recogniser anew at once",
        restart_transcriber,
        Who.CLIENTS,
        (Outcome(HTTPStatus.ACCEPTED, "The recogniser as it is now", TranscriberObject),),
    ),
)
