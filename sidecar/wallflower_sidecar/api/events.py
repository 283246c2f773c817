"""Server-sent events: what happens, as it happens, and what was missed before it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
import logging

from aiohttp import web
from aiohttp_sse import EventSourceResponse
from pydantic_core import PydanticCustomError

from ..domain.events import Event
from ..service.events import Resync
from .event_streams import EVENT_STREAMS, end, finish
from .operations import Call, Operation, Outcome, Who
from .problems import Fault, invalid, to_json
from .schemas import EventsQuery, parse_event_id

LOGGER = logging.getLogger(__name__)

LAST_EVENT_ID = "Last-Event-ID"


@dataclass(frozen=True, slots=True)
class Pace:
    """How often an event stream shows that it lives, and how long a reader may take for what was sent, in seconds."""

    comment_s: float = 15.0
    stall_s: float = 10.0


PACE = web.AppKey("pace", Pace)


async def stream_events(call: Call[None, EventsQuery]) -> web.StreamResponse:
    """Send events until the reader goes, is too slow, loses its token, or the service stops."""
    request, query = call.request, call.query
    if query.stream is not None:
        call.service.streams.get(query.stream)
    pace = request.app[PACE]
    response = EventSourceResponse(sep="\n", send_timeout=pace.stall_s, ping_interval=pace.comment_s)
    token_id = call.identity.id if call.identity else None
    async with (
        request.app[EVENT_STREAMS].opened(token_id) as scope,
        call.service.events.open(after=_after(request, query), stream=query.stream, types=query.types) as events,
    ):
        await response.prepare(request)
        async with response:
            gone = asyncio.create_task(_end_when_gone(response, scope))
            try:
                await response.write(b": connected\n\n")
                await _send(response, events)
            except ConnectionError:
                LOGGER.debug("An event stream's reader is gone")
            except TimeoutError:
                LOGGER.warning("An event stream's reader took nothing for %.0f s and was cut off", pace.stall_s)
            finally:
                gone.cancel()
                with suppress(asyncio.CancelledError):
                    await gone
    await finish(request, response)
    return response


def _after(request: web.Request, query: EventsQuery) -> int | None:
    """The header wins over the parameter: a browser reconnects to the old address with a newer header."""
    header = request.headers.get(LAST_EVENT_ID)
    if not header:
        return query.after
    try:
        return parse_event_id(header)
    except PydanticCustomError as error:
        raise invalid([Fault(LAST_EVENT_ID, error.message())]) from None


async def _send(response: EventSourceResponse, events: AsyncIterator[Event | Resync]) -> None:
    async for event in events:
        if isinstance(event, Resync):
            data = to_json({"oldest": event.oldest, "newest": event.newest}).decode()
            await response.send(data, id=str(event.newest), event="resync")
        else:
            number = None if event.id is None else str(event.id)
            await response.send(to_json(event.data).decode(), id=number, event=event.type.value)


async def _end_when_gone(response: EventSourceResponse, scope: asyncio.Timeout) -> None:
    """The comments find out that a reader is gone while nothing happens that could be sent."""
    await response.wait()
    end(scope)


OPERATIONS = (
    Operation(
        "GET",
        "/events",
        "What happens, as server-sent events; Last-Event-ID or after brings what was missed first",
        stream_events,
        Who.READERS,
        (Outcome(HTTPStatus.OK, "Events until the connection ends", media_type="text/event-stream"),),
        problems=(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE),
        query=EventsQuery,
        headers=((LAST_EVENT_ID, "The last event that arrived; wins over `after`"),),
    ),
)
