"""A camera's moving picture as a browser shows it in an <img>: JPEG after JPEG, each in the place of the one before."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus
import logging
import socket

from aiohttp import web

from ..domain.errors import UnavailableError
from .event_streams import EVENT_STREAMS, end, finish
from .events import PACE
from .fields import StreamId
from .operations import Call, Operation, Outcome, Who
from .schemas import LiveQuery

BOUNDARY = "picture"
MEDIA_TYPE = "multipart/x-mixed-replace"
LOOK_EVERY_S = 1.0

SEND_BUFFER_BYTES = 256 * 1024
"""What the system may hold back for a slow reader: more would show it old pictures instead of fewer."""

LOGGER = logging.getLogger(__name__)


async def get_moving_picture(call: Call[None, LiveQuery]) -> web.StreamResponse:
    """Send pictures until the reader goes, is too slow, loses its token, the camera is gone, or the service stops."""
    request, query = call.request, call.query
    token_id = call.identity.id if call.identity else None
    response = web.StreamResponse(headers={"Content-Type": f"{MEDIA_TYPE}; boundary={BOUNDARY}"})
    async with (
        request.app[EVENT_STREAMS].opened(token_id) as scope,
        call.service.streams.watch(call.id, query.width, query.fps) as pictures,
    ):
        _hold_back_little(request)
        await response.prepare(request)
        if request.method == "GET":
            gone = asyncio.create_task(_end_when_gone(request, scope))
            try:
                await _send(request, response, pictures)
            finally:
                gone.cancel()
                with suppress(asyncio.CancelledError):
                    await gone
    if not response.prepared:
        raise UnavailableError("The sidecar is stopping.")
    await finish(request, response, b"--\r\n" if request.method == "GET" else b"")
    return response


async def _send(request: web.Request, response: web.StreamResponse, pictures: AsyncIterator[bytes]) -> None:
    stall_s = request.app[PACE].stall_s
    # The boundary follows each picture at once: a browser shows none before it has seen it end.
    try:
        await response.write(f"--{BOUNDARY}".encode())
        async for jpeg in pictures:
            head = f"\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            async with asyncio.timeout(stall_s):
                await response.write(b"".join((head.encode(), jpeg, f"\r\n--{BOUNDARY}".encode())))
    except ConnectionError:
        LOGGER.debug("A viewer is gone")
    except TimeoutError:
        LOGGER.warning("A viewer took nothing for %.0f s and was cut off", stall_s)
        if request.transport is not None:
            request.transport.abort()


def _hold_back_little(request: web.Request) -> None:
    link = request.transport.get_extra_info("socket") if request.transport else None
    if link is not None:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


async def _end_when_gone(request: web.Request, scope: asyncio.Timeout) -> None:
    """A reader may go while the camera sends nothing that could be written to it."""
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 - nothing tells it
        await asyncio.sleep(LOOK_EVERY_S)
    end(scope)


OPERATIONS = (
    Operation(
        "GET",
        "/streams/{id}/live.mjpeg",
        "The moving picture, decoded only while somebody watches; waits at most 10 s for the first",
        get_moving_picture,
        Who.READERS,
        (Outcome(HTTPStatus.OK, "JPEGs until the connection ends", media_type=MEDIA_TYPE),),
        problems=(HTTPStatus.SERVICE_UNAVAILABLE,),
        id_type=StreamId,
        query=LiveQuery,
    ),
)
