"""What was heard and recorded, as the sidecar keeps it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

import aiohttp

from .answers import items, parse
from .connection import REQUEST_TIMEOUT_S, Connection
from .heard import Hit, Recording, Segment

PAGE = 1000
# Two days of files of half a minute.
MOST_RECORDINGS = 6000
# A sidecar that stops in the middle of a film is given up after this silence.
FILM_SILENCE_S = 30.0


class Archive:
    """Text, recordings and clips; every method raises WallflowerError."""

    def __init__(self, connection: Connection) -> None:
        """Ask over a connection."""
        self._connection = connection

    async def latest_segment(self, stream_id: str) -> Segment | None:
        """Return what was said last and is kept."""
        return next(iter(await self.segments(stream_id, limit=1)), None)

    async def segments(
        self,
        stream_id: str | None = None,
        *,
        query: str | None = None,
        begin: datetime | None = None,
        end: datetime | None = None,
        limit: int = PAGE,
    ) -> list[Segment]:
        """Return what was said, newest first; what matches `query` best first."""
        params = _params(stream_id, begin, end, limit) | ({} if query is None else {"q": query})
        document = await self._connection.json("GET", "transcripts", params=params)
        return [parse(Segment.from_document, item) for item in parse(items, document)]

    async def hits(self, *, begin: datetime, limit: int = PAGE) -> list[Hit]:
        """Return the newest hits of all streams since a time."""
        document = await self._connection.json("GET", "keywords/hits", params=_params(None, begin, None, limit))
        return [parse(Hit.from_document, item) for item in parse(items, document)]

    async def recordings(
        self,
        stream_id: str,
        *,
        begin: datetime | None = None,
        end: datetime | None = None,
        limit: int = MOST_RECORDINGS,
    ) -> list[Recording]:
        """Return files and clips that have something between two times, newest first, at most `limit`."""
        params = _params(stream_id, begin, end, min(limit, PAGE))
        found: list[Recording] = []
        while True:
            document = await self._connection.json("GET", "recordings", params=params)
            found += [parse(Recording.from_document, item) for item in parse(items, document)]
            if len(found) >= limit or not (cursor := document.get("next")):
                return found[:limit]
            params["cursor"] = str(cursor)

    @asynccontextmanager
    async def film(
        self, path: str, params: Mapping[str, str], headers: Mapping[str, str]
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """Open a recording (`recordings/ID`) or a clip (`clips`) for reading, in part with a Range header."""
        timeout = aiohttp.ClientTimeout(sock_connect=REQUEST_TIMEOUT_S, sock_read=FILM_SILENCE_S)
        async with self._connection.stream(path, params=params, headers=headers, timeout=timeout) as response:
            yield response


def _params(stream_id: str | None, begin: datetime | None, end: datetime | None, limit: int) -> dict[str, str]:
    given: dict[str, str | None] = {
        "stream": stream_id,
        "from": None if begin is None else begin.isoformat(),
        "to": None if end is None else end.isoformat(),
        "limit": str(limit),
    }
    return {name: value for name, value in given.items() if value is not None}
