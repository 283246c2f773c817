"""The sidecar's HTTP API, typed; the session is given from outside."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import aiohttp

from .answers import items, json_object, parse
from .archive import Archive
from .certificate import VERIFY
from .connection import REQUEST_TIMEOUT_S, Connection
from .exceptions import (
    ApiVersionError,
    AuthenticationError,
    ForbiddenError,
    NotWallflowerError,
    RateLimitedError,
    RequestRefusedError,
    WallflowerConnectionError,
    WallflowerProtocolError,
    WallflowerTimeoutError,
)
from .models import Measures, ProbeResult, Rule, ServerInfo, Stream, rules_from_document
from .server_condition import ServerCondition
from .sse import ServerSentEvent, read_events

API_VERSION = 1

PROBE_TIMEOUT_S = 15.0
# Home Assistant itself waits 10 s for a still.
SNAPSHOT_TIMEOUT_S = 8.0
# The sidecar sends a comment every 15 s; after this silence the event stream is dead.
SILENCE_TIMEOUT_S = 40.0

PAGE = "1000"
# No event ever gets this id, so asking for what came after it answers `resync`, which names the newest one.
NEVER_GIVEN_ID = 2**63 - 1


class WallflowerClient:
    """One sidecar; every method raises WallflowerError, RequestRefusedError for a problem document."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, token: str | None = None, certificate: str = VERIFY
    ) -> None:
        """Talk to the sidecar at `url`, which may show such a certificate (certificate.py)."""
        self._connection = Connection(session, url, token, certificate)
        self.archive = Archive(self._connection)

    @property
    def clock_offset(self) -> timedelta:
        """How far the sidecar's clock is ahead of ours, to about a second."""
        return self._connection.clock_offset

    async def info(self) -> ServerInfo:
        """Return who answers; raises NotWallflowerError or ApiVersionError if that cannot be talked to."""
        try:
            document = await self._connection.json("GET", "info")
        except RateLimitedError:
            raise
        except (RequestRefusedError, WallflowerProtocolError) as error:
            if isinstance(error, RequestRefusedError) and error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise WallflowerConnectionError(str(error)) from error
            raise NotWallflowerError(str(error)) from error
        if document.get("name") != "wallflower":
            raise NotWallflowerError("Another kind of server answers")
        info = parse(ServerInfo.from_document, document)
        if info.api_version != API_VERSION:
            raise ApiVersionError(info.api_version, API_VERSION)
        return info

    async def pair(self, code: str) -> str:
        """Exchange a pairing code for a token; AuthenticationError for a wrong or expired code."""
        return str(
            parse(lambda answer: answer["token"], await self._connection.json("POST", "pair", body={"code": code}))
        )

    async def check_access(self) -> None:
        """Make sure that the token may add cameras; AuthenticationError or ForbiddenError if not.

        An empty request to try a camera is refused as invalid, but only after the token was looked at.
        """
        try:
            await self._connection.json("POST", "probe", body={})
        except AuthenticationError, ForbiddenError, RateLimitedError:
            raise
        except RequestRefusedError as error:
            if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise WallflowerConnectionError(str(error)) from error

    async def streams(self) -> list[Stream]:
        """Return all streams."""
        return [parse(Stream.from_document, document) for document in await self._stream_documents()]

    async def measures(self) -> dict[str, Measures]:
        """Return how each stream fares at this moment."""
        return {
            str(document["id"]): parse(Measures.from_document, document) for document in await self._stream_documents()
        }

    async def _stream_documents(self) -> list[dict[str, Any]]:
        documents: list[dict[str, Any]] = []
        params = {"limit": PAGE}
        while True:
            answer = await self._connection.json("GET", "streams", params=params)
            documents += parse(items, answer)
            if not (cursor := answer.get("next")):
                return documents
            params = {"limit": PAGE, "cursor": str(cursor)}

    async def condition(self) -> ServerCondition:
        """Return how the sidecar itself is; nothing is known of one that cannot do its job."""
        try:
            return parse(ServerCondition.from_document, await self._connection.json("GET", "health"))
        except RequestRefusedError as error:
            if error.status != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            return ServerCondition()

    async def house_rules(self) -> tuple[Rule, ...]:
        """Return the keyword rules of all streams."""
        return parse(rules_from_document, await self._connection.json("GET", "keywords/rules"))

    async def set_house_rules(self, rules: Iterable[Rule]) -> None:
        """Put these rules in the place of those that all streams have."""
        body = {"items": [rule.to_document() for rule in rules]}
        await self._connection.json("PUT", "keywords/rules", body=body)

    async def restart_transcriber(self) -> None:
        """Let what recognises speech begin anew."""
        await self._connection.request("POST", "transcriber/restart")

    async def fetch_model(self, name: str) -> None:
        """Let the sidecar fetch a model of speech."""
        await self._connection.request("POST", f"models/{name}")

    async def put_stream(self, stream_id: str, document: Mapping[str, Any]) -> tuple[Stream, bool]:
        """Create or replace a stream; the flag says whether it is new."""
        status, answer = await self._connection.request("PUT", f"streams/{stream_id}", body=document)
        return parse(Stream.from_document, json_object(answer)), status == HTTPStatus.CREATED

    async def patch_stream(self, stream_id: str, changes: Mapping[str, Any]) -> Stream:
        """Change some fields of a stream."""
        return parse(Stream.from_document, await self._connection.json("PATCH", f"streams/{stream_id}", body=changes))

    async def delete_stream(self, stream_id: str) -> None:
        """Remove a stream; what it heard stays searchable until its retention ends."""
        await self._connection.request("DELETE", f"streams/{stream_id}")

    async def restart_stream(self, stream_id: str) -> None:
        """Try the camera again now."""
        await self._connection.request("POST", f"streams/{stream_id}/restart")

    async def record_by_hand(self, stream_id: str, *, on: bool) -> None:
        """Record beside the mode, or no longer."""
        body = {"action": "start" if on else "stop"}
        await self._connection.request("POST", f"streams/{stream_id}/recording", body=body)

    async def simulate(
        self, stream_id: str, text: str, *, confidence: float | None = None, store: bool = True
    ) -> dict[str, Any]:
        """Take text as if it had been said; answers `{segment, hits}`."""
        body = {"text": text, "store": store} | ({} if confidence is None else {"confidence": confidence})
        return await self._connection.json("POST", f"streams/{stream_id}/simulate", body=body)

    async def check_rule(self, rule: Rule) -> None:
        """Make sure that the sidecar can listen for a rule; the error's faults say what is wrong with it.

        It is tried on what was said from now on, which is nothing.
        """
        body = {"rule": rule.to_document(), "from": datetime.now(UTC).isoformat()}
        await self._connection.json("POST", "keywords/replay", body=body, params={"limit": "1"})

    async def probe(self, url: str, transport: str, stream_id: str | None = None) -> ProbeResult:
        """Try a camera; the error's code is the capture error. `***` stands for the password of `stream_id`."""
        body = {"url": url, "transport": transport} | ({"stream": stream_id} if stream_id else {})
        document = await self._connection.json("POST", "probe", body=body, timeout_s=PROBE_TIMEOUT_S)
        return parse(ProbeResult.from_document, document)

    async def snapshot(self, stream_id: str, width: int | None = None) -> bytes:
        """Return a JPEG."""
        params = {} if width is None else {"width": str(width)}
        path = f"streams/{stream_id}/snapshot.jpg"
        return (await self._connection.request("GET", path, params=params, timeout_s=SNAPSHOT_TIMEOUT_S))[1]

    async def newest_event_id(self, types: Iterable[str]) -> int:
        """Return the id of the newest event, 0 before the first."""
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S), self.events(types, NEVER_GIVEN_ID) as events:
                event = await anext(events, None)
        except TimeoutError:
            raise WallflowerTimeoutError("The event stream did not begin in time") from None
        if event is None or event.type != "resync":
            raise WallflowerProtocolError("The event stream did not begin with resync")
        return event.id or 0

    @asynccontextmanager
    async def events(
        self,
        types: Iterable[str],
        after: int | None = None,
        *,
        stream_id: str | None = None,
        silence_timeout_s: float = SILENCE_TIMEOUT_S,
    ) -> AsyncGenerator[AsyncGenerator[ServerSentEvent]]:
        """Follow what happens, beginning with everything missed after the id `after`, or with what comes next.

        Raises WallflowerTimeoutError after `silence_timeout_s` without a byte.
        """
        missed_from = {} if after is None else {"Last-Event-ID": str(after)}
        async with (
            self._connection.stream(
                "events",
                params={"types": ",".join(types)} | ({} if stream_id is None else {"stream": stream_id}),
                headers={"Accept": "text/event-stream", **missed_from},
                timeout=aiohttp.ClientTimeout(sock_connect=REQUEST_TIMEOUT_S, sock_read=silence_timeout_s),
            ) as response,
            aclosing(read_events(response.content.iter_any())) as events,
        ):
            yield events
