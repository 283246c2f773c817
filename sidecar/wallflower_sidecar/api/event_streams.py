"""The endless answers that are under way: how many there may be, and how they are ended."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import web

from ..domain.errors import UnavailableError

MAX_OPEN = 256
FINISH_S = 1.0


class EventStreams:
    """Knows whose streams are open; an ended one stops at once, wherever it waits."""

    def __init__(self) -> None:
        """Start without any."""
        self._open: dict[asyncio.Timeout, str | None] = {}
        self._closed = False

    @asynccontextmanager
    async def opened(self, token_id: str | None) -> AsyncGenerator[asyncio.Timeout]:
        """Hold one stream open; the block ends without an error when the stream is ended from outside."""
        if self._closed or len(self._open) >= MAX_OPEN:
            raise UnavailableError("No further stream of events or pictures can be opened now.")
        try:
            async with asyncio.timeout(None) as scope:
                self._open[scope] = token_id
                try:
                    yield scope
                finally:
                    del self._open[scope]
        except TimeoutError:
            if not scope.expired():
                raise

    def end_of(self, token_id: str) -> None:
        """End the streams that a token opened."""
        for scope, owner in list(self._open.items()):
            if owner == token_id:
                end(scope)

    def end_all(self) -> None:
        """End every stream and open no more."""
        self._closed = True
        for scope in list(self._open):
            end(scope)


def end(scope: asyncio.Timeout) -> None:
    """End the stream that a scope holds open."""
    scope.reschedule(asyncio.get_running_loop().time())


async def finish(request: web.Request, response: web.StreamResponse, last: bytes = b"") -> None:
    """Close in good order, with these last bytes; a reader that does not take the last bytes at once is cut off."""
    try:
        async with asyncio.timeout(FINISH_S):
            await response.write_eof(last)
    except TimeoutError, ConnectionError:
        if request.transport is not None:
            request.transport.abort()


EVENT_STREAMS = web.AppKey("event_streams", EventStreams)
