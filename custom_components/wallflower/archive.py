"""What was heard and recorded, as the sidecar keeps it."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import IO, Any

import aiohttp

from .answers import items, parse
from .connection import REQUEST_TIMEOUT_S, Connection
from .heard import Hit, Recording, Segment

PAGE = 1000
MOST_SEGMENTS = 10_000
# Two days of files of half a minute.
MOST_RECORDINGS = 6000
# The whole archive may have to be read, or rewritten.
LONG_TIMEOUT_S = 60.0
TRANSCRIBING_TIMEOUT_S = 3600.0
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
        stream_ids = [] if stream_id is None else [stream_id]
        return (await self.search(query, stream_ids, begin=begin, end=end, limit=limit))[0]

    async def all_segments(
        self, stream_id: str, *, begin: datetime, end: datetime, limit: int = MOST_SEGMENTS
    ) -> tuple[list[Segment], bool]:
        """Return what was said in a time, newest first, and whether there was more than `limit`."""
        found: list[Segment] = []
        cursor = None
        while True:
            page, cursor = await self.search(None, [stream_id], begin=begin, end=end, limit=PAGE, cursor=cursor)
            found += page
            if cursor is None or len(found) > limit:
                return found[:limit], len(found) > limit

    async def search(
        self,
        query: str | None,
        stream_ids: Iterable[str],
        *,
        begin: datetime | None = None,
        end: datetime | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> tuple[list[Segment], str | None]:
        """Return a page of what was said on these streams, on all without any, and the cursor of the next one.

        What matches `query` comes best first; without it all comes, newest first.
        """
        params = [("stream", each) for each in stream_ids]
        params += [*_times(begin, end).items(), ("limit", str(limit))]
        params += [(name, each) for name, each in (("q", query), ("cursor", cursor)) if each is not None]
        document = await self._connection.json("GET", "transcripts", params=params)
        following = document.get("next")
        return [parse(Segment.from_document, item) for item in parse(items, document)], following and str(following)

    async def export(self, stream_ids: Iterable[str], form: str, begin: datetime, end: datetime) -> bytes:
        """Return what was said in a time as json, txt, srt or vtt; WallflowerProtocolError if that is too long."""
        params = [("stream", each) for each in stream_ids]
        params += [("format", form), ("from", begin.isoformat()), ("to", end.isoformat())]
        return (await self._connection.request("GET", "transcripts/export", params=params))[1]

    async def replay(
        self, rule: Mapping[str, Any], stream_id: str, *, begin: datetime | None, end: datetime | None
    ) -> tuple[int, list[Hit]]:
        """Return how often a rule would have fired, and its hits, at most a page of them."""
        body: dict[str, Any] = {"rule": rule, "stream": stream_id, **_times(begin, end)}
        document = await self._connection.json("POST", "keywords/replay", body=body, timeout_s=LONG_TIMEOUT_S)
        found = [parse(Hit.from_document, item) for item in parse(items, document)]
        return parse(lambda answer: int(answer["count"]), document), found

    async def purge(self, stream_id: str, *, begin: datetime | None, end: datetime | None) -> int:
        """Delete what was said on a stream, in a time or ever; returns how many sentences."""
        params = {"stream": stream_id, **_times(begin, end)}
        document = await self._connection.json("DELETE", "transcripts", params=params, timeout_s=LONG_TIMEOUT_S)
        return parse(lambda answer: int(answer["deleted"]), document)

    async def forget(self, minutes: float, stream_id: str | None) -> tuple[int, int]:
        """Forget the last minutes of a stream or of all; returns how many sentences and how many recordings."""
        body = {"minutes": minutes} | ({} if stream_id is None else {"stream": stream_id})
        document = await self._connection.json("POST", "forget", body=body, timeout_s=LONG_TIMEOUT_S)
        return parse(lambda answer: (int(answer["deleted"]), int(answer["recordings"])), document)

    async def transcribe(self, file: IO[bytes], language: str | None) -> list[Segment]:
        """Write down what is said in a file of sound or film."""
        params = {} if language is None else {"language": language}
        document = await self._connection.json(
            "POST", "transcribe", content=file, params=params, timeout_s=TRANSCRIBING_TIMEOUT_S
        )
        return [parse(Segment.from_document, item) for item in parse(items, document)]

    async def hits(
        self,
        stream_id: str | None = None,
        *,
        begin: datetime | None = None,
        end: datetime | None = None,
        limit: int = PAGE,
    ) -> list[Hit]:
        """Return the newest hits of a stream or of all in a time."""
        document = await self._connection.json("GET", "keywords/hits", params=_params(stream_id, begin, end, limit))
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


def _times(begin: datetime | None, end: datetime | None) -> dict[str, str]:
    return {name: each.isoformat() for name, each in (("from", begin), ("to", end)) if each is not None}


def _params(stream_id: str | None, begin: datetime | None, end: datetime | None, limit: int) -> dict[str, str]:
    return ({} if stream_id is None else {"stream": stream_id}) | _times(begin, end) | {"limit": str(limit)}
