"""A sidecar scripted at its process boundary: a real HTTP server on loopback that speaks CONTRACT.md."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import json
import ssl
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

BASE = "/api/v1"
CODE = "123456"
NO_CAMERA = {"code": "connection_refused", "detail": "The camera refused the connection."}
FILM = bytes(range(256)) * 40
JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"

type Document = dict[str, Any]
type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def moment(age_s: float = 0.0) -> str:
    """Write the time `age_s` ago as the contract does."""
    then = datetime.now(UTC) - timedelta(seconds=age_s)
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def problem(status: int, code: str, detail: str = "", errors: list[Document] | None = None) -> web.Response:
    """Write a problem document."""
    document: Document = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail}
    if errors is not None:
        document["errors"] = errors
    return web.json_response(document, status=status, content_type="application/problem+json")


def segment(stream: str, text: str, *, age_s: float = 0.5, **fields: Any) -> Document:
    """Make a Segment."""
    return {
        "id": f"segment-{text}",
        "stream": stream,
        "start": moment(age_s + 1),
        "end": moment(age_s),
        "text": text,
        "language": "en",
        "confidence": 0.9,
        "speaker": None,
        "words": [],
        "source": "speech",
        **fields,
    }


def hit(stream: str, rule: str, hit_id: str, *, age_s: float = 0.5, **fields: Any) -> Document:
    """Make a Hit."""
    return {
        "id": hit_id,
        "stream": stream,
        "rule": {"id": rule.replace(" ", "_"), "name": rule},
        "phrase": rule,
        "text": f"somebody said {rule}",
        "start": moment(age_s + 1),
        "end": moment(age_s),
        "confidence": 0.8,
        "speaker": None,
        "segment": "segment-1",
        "state": "confirmed",
        "source": "speech",
        "a_field_of_tomorrow": 1,
        **fields,
    }


class Reader(asyncio.Queue[bytes | None]):
    """Somebody who follows the events of some types, of one stream or of all."""

    def __init__(self, types: str, stream: str | None) -> None:
        super().__init__()
        self.types = types.split(",")
        self.stream = stream

    def offer(self, number: int | None, kind: str, data: Document) -> None:
        """Queue an event if it is wanted."""
        if kind in self.types and self.stream in {None, data.get("stream")}:
            self.put_nowait(_event(number, kind, data))


def recording(stream: str, recording_id: str, *, start: str, end: str, kind: str = "segment") -> Document:
    """Make a Recording."""
    return {"id": recording_id, "stream": stream, "start": start, "end": end, "bytes": len(FILM), "kind": kind}


class FakeSidecar:
    """Keeps streams and events in memory; tests look at `requests` and script `overrides`."""

    def __init__(self) -> None:
        self.info: Document = {
            "name": "wallflower",
            "version": "0.1.0",
            "api_version": 1,
            "server_id": "server-1",
            "started_at": moment(),
        }
        self.token = "a-secret-token"
        self.read_only_token = "a-readers-token"
        self.streams: dict[str, Document] = {}
        self.secrets: dict[str, str] = {}
        self.segments: list[Document] = []
        self.house_rules: list[Document] = []
        self.condition: Document = {
            "status": "ok",
            "checks": [],
            "transcriber": {
                "engine": "embedded",
                "model": "tiny.en",
                "state": "ready",
                "progress": None,
                "detail": None,
            },
            "models": [],
        }
        self.recordings: list[Document] = []
        self.events: list[tuple[int, str, Document]] = []
        self.forgotten_up_to = 0
        self.requests: list[tuple[str, str, Any]] = []
        self.overrides: dict[tuple[str, str], Handler] = {}
        self.cameras: dict[str, Document] = {}
        self.readers: list[Reader] = []
        self.asked_types: list[str] = []
        self.port = 0
        self.tls: ssl.SSLContext | None = None
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The address a person would type."""
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        app = web.Application(middlewares=[self._gate])
        for method, path, handler in (
            ("GET", "info", self._get_info),
            ("POST", "pair", self._pair),
            ("GET", "streams", self._list_streams),
            ("PUT", "streams/{id}", self._put_stream),
            ("PATCH", "streams/{id}", self._patch_stream),
            ("DELETE", "streams/{id}", self._delete_stream),
            ("POST", "streams/{id}/restart", self._restart),
            ("POST", "streams/{id}/simulate", self._simulate),
            ("GET", "streams/{id}/snapshot.jpg", self._snapshot),
            ("POST", "probe", self._probe),
            ("GET", "transcripts", self._transcripts),
            ("DELETE", "transcripts", self._purge),
            ("POST", "forget", self._forget),
            ("GET", "health", self._get_health),
            ("GET", "keywords/rules", self._get_rules),
            ("PUT", "keywords/rules", self._put_rules),
            ("POST", "keywords/replay", self._replay),
            ("POST", "transcriber/restart", self._restart),
            ("GET", "keywords/hits", self._list_hits),
            ("GET", "recordings", self._list_recordings),
            ("GET", "recordings/{id}", self._film),
            ("GET", "clips", self._film),
            ("GET", "events", self._follow),
        ):
            app.router.add_route(method, f"{BASE}/{path}", handler)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self.tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._runner is not None:
            self.cut()
            await self._runner.cleanup()
            self._runner = None

    def cut(self) -> None:
        """End every event stream."""
        for reader in self.readers:
            reader.put_nowait(None)

    def publish(self, kind: str, data: Document, *, stored: bool = True) -> int | None:
        """Let something happen; everybody who follows is told."""
        number = None
        if stored:
            number = (self.events[-1][0] if self.events else self.forgotten_up_to) + 1
            self.events.append((number, kind, data))
            if kind == "transcript.final":
                self.segments.insert(0, data)
        for reader in self.readers:
            reader.offer(number, kind, data)
        return number

    def add_stream(self, stream_id: str, **fields: Any) -> Document:
        """Put a stream there as if somebody else had."""
        stream = {**_defaults(stream_id), **fields}
        self.streams[stream_id] = stream
        return stream

    def set_state(self, stream_id: str, state: str, **status: Any) -> None:
        """Change a stream's state and tell everybody."""
        stream = self.streams[stream_id]
        stream["status"] = {**stream["status"], "state": state, **status}
        self.publish("stream.changed", stream)

    def set_condition(self, **condition: Any) -> None:
        """Change how the sidecar itself is and tell everybody."""
        self.condition |= condition
        self.publish("server.changed", self.condition)

    def set_house_rules(self, *rules: Document) -> None:
        """Change the rules of all streams and tell everybody."""
        self.house_rules = list(rules)
        self.publish("rules.changed", {"items": self.house_rules})

    def forget_events(self) -> None:
        """Hold none of the events any more."""
        self.forgotten_up_to = self.events[-1][0] if self.events else self.forgotten_up_to
        self.events.clear()

    def requested(self, method: str, path: str | None = None) -> list[tuple[str, Any]]:
        """What was asked for, as (path, body)."""
        return [(asked, body) for verb, asked, body in self.requests if verb == method and path in {None, asked}]

    @web.middleware
    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path.removeprefix(f"{BASE}/")
        body = await request.json() if request.content_type == "application/json" else None
        self.requests.append((request.method, path, body))
        if override := self.overrides.get((request.method, path)):
            return await override(request)
        if path not in {"info", "pair"}:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if given not in {self.token, self.read_only_token}:
                return problem(401, "unauthorized")
            if given == self.read_only_token and request.method != "GET":
                return problem(403, "forbidden")
        return await handler(request)

    async def _get_info(self, _: web.Request) -> web.Response:
        return web.json_response(self.info)

    async def _get_health(self, _: web.Request) -> web.Response:
        return web.json_response(self.condition)

    async def _get_rules(self, _: web.Request) -> web.Response:
        return web.json_response({"items": self.house_rules, "next": None, "rule_faults": []})

    async def _put_rules(self, request: web.Request) -> web.Response:
        self.set_house_rules(*(await request.json())["items"])
        return await self._get_rules(request)

    async def _replay(self, request: web.Request) -> web.Response:
        phrases = (await request.json())["rule"]["phrases"]
        if any("(" in phrase for phrase in phrases):
            fault = {"path": "rule.phrases[0]", "message": "This is not a regular expression."}
            return problem(422, "invalid", errors=[fault])
        return web.json_response({"count": 0, "items": [], "next": None})

    async def _pair(self, request: web.Request) -> web.Response:
        if (await request.json())["code"] != CODE:
            return problem(401, "unauthorized", "The code is wrong.")
        return web.json_response({"token": self.token, "server_id": self.info["server_id"]})

    async def _list_streams(self, request: web.Request) -> web.Response:
        ids = sorted(self.streams)
        first = int(request.query.get("cursor", 0))
        limit = min(int(request.query.get("limit", 100)), 2)
        following = str(first + limit) if first + limit < len(ids) else None
        items = [self.streams[each] for each in ids[first : first + limit]]
        return web.json_response({"items": items, "next": following})

    async def _put_stream(self, request: web.Request) -> web.Response:
        stream_id = request.match_info["id"]
        is_new = stream_id not in self.streams
        stream = self.streams[stream_id] if not is_new else self.add_stream(stream_id)
        self._apply(stream, await request.json())
        return web.json_response(stream, status=201 if is_new else 200)

    async def _patch_stream(self, request: web.Request) -> web.Response:
        if (stream := self.streams.get(request.match_info["id"])) is None:
            return problem(404, "not_found")
        self._apply(stream, await request.json())
        return web.json_response(stream)

    async def _delete_stream(self, request: web.Request) -> web.Response:
        if self.streams.pop(request.match_info["id"], None) is None:
            return problem(404, "not_found")
        return web.Response(status=204)

    def _apply(self, stream: Document, changes: Document) -> None:
        for rule in changes.get("keywords", ()):
            assert rule["phrases"]
        recording = {**stream["recording"], **changes.get("recording", {})}
        stream.update({**changes, "recording": recording})
        if "url" in changes and (password := urlsplit(changes["url"]).password) not in {None, "***"}:
            self.secrets[stream["id"]] = str(password)
            stream["url"] = changes["url"].replace(f":{password}@", ":***@")

    async def _restart(self, _: web.Request) -> web.Response:
        return web.Response(status=202)

    async def _simulate(self, request: web.Request) -> web.Response:
        said = segment(request.match_info["id"], (await request.json())["text"], source="simulated")
        self.publish("transcript.final", said)
        return web.json_response({"segment": said, "hits": []})

    async def _snapshot(self, request: web.Request) -> web.Response:
        if self.streams[request.match_info["id"]]["status"]["state"] != "streaming":
            return problem(503, "unavailable")
        return web.Response(body=JPEG, content_type="image/jpeg")

    async def _probe(self, request: web.Request) -> web.Response:
        body = await request.json()
        if "url" not in body:
            return problem(422, "invalid", errors=[{"path": "url", "message": "Field required"}])
        if (camera := self.cameras.get(body["url"])) is None:
            return problem(502, NO_CAMERA["code"], NO_CAMERA["detail"])
        return web.json_response({"video": None, "audio": None, "transport": "tcp", "took_s": 0.1, **camera})

    async def _transcripts(self, request: web.Request) -> web.Response:
        words = request.query.get("q", "")
        items = [each for each in within(self.segments, request) if words in each["text"]]
        first = int(request.query.get("cursor", 0))
        last = first + int(request.query["limit"])
        return web.json_response({"items": items[first:last], "next": str(last) if last < len(items) else None})

    async def _purge(self, request: web.Request) -> web.Response:
        gone = within(self.segments, request)
        self.segments = [each for each in self.segments if each not in gone]
        return web.json_response({"deleted": len(gone)})

    async def _forget(self, request: web.Request) -> web.Response:
        stream = (await request.json()).get("stream")
        gone = [each for each in self.segments if stream in {None, each["stream"]}]
        self.segments = [each for each in self.segments if each not in gone]
        self.publish("transcript.forgotten", {"stream": stream, "from": moment(60), "to": moment()})
        return web.json_response({"deleted": len(gone), "recordings": 1})

    async def _list_hits(self, request: web.Request) -> web.Response:
        hits = [data for _, kind, data in self.events if kind == "keyword.detected"]
        return web.json_response({"items": within(hits, request), "next": None})

    async def _list_recordings(self, request: web.Request) -> web.Response:
        items = sorted(within(self.recordings, request), key=lambda each: str(each["start"]), reverse=True)
        first = int(request.query.get("cursor", 0))
        last = first + min(int(request.query["limit"]), 2)
        return web.json_response({"items": items[first:last], "next": str(last) if last < len(items) else None})

    async def _film(self, request: web.Request) -> web.Response:
        if (wanted := request.http_range).start is None:
            return web.Response(body=FILM, content_type="video/mp4", headers={"Accept-Ranges": "bytes"})
        if wanted.start >= len(FILM):
            return problem(416, "invalid", "The film is not that long.")
        part = FILM[wanted]
        where = f"bytes {wanted.start}-{wanted.start + len(part) - 1}/{len(FILM)}"
        return web.Response(body=part, status=206, content_type="video/mp4", headers={"Content-Range": where})

    async def _follow(self, request: web.Request) -> web.StreamResponse:
        self.asked_types.append(request.query["types"])
        after, newest = request.headers.get("Last-Event-ID"), self.forgotten_up_to
        if self.events:
            newest = self.events[-1][0]
        reader = Reader(request.query["types"], request.query.get("stream"))
        if after is not None and not self.forgotten_up_to <= int(after) <= newest:
            bounds = {"oldest": self.events[0][0] if self.events else newest, "newest": newest}
            reader.put_nowait(_event(newest, "resync", bounds))
        elif after is not None:
            for number, kind, data in self.events:
                if number > int(after):
                    reader.offer(number, kind, data)
        self.readers.append(reader)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        try:
            await response.prepare(request)
            await response.write(b": connected\n\n")
            while (chunk := await reader.get()) is not None:
                await response.write(chunk)
        except ConnectionError:
            pass
        finally:
            self.readers.remove(reader)
        return response


def within(documents: list[Document], request: web.Request) -> list[Document]:
    """Keep those of the stream and the time that were asked for."""
    query = request.query
    begin, end = (datetime.fromisoformat(query[name]) if name in query else None for name in ("from", "to"))
    return [
        each
        for each in documents
        if not query.getall("stream", [])
        or (
            each["stream"] in query.getall("stream")
            and (begin is None or datetime.fromisoformat(each["end"]) > begin)
            and (end is None or datetime.fromisoformat(each["start"]) < end)
        )
    ]


def _event(number: int | None, kind: str, data: Document) -> bytes:
    head = "" if number is None else f"id: {number}\n"
    return f"{head}event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def _defaults(stream_id: str) -> Document:
    return {
        "id": stream_id,
        "name": stream_id,
        "url": "rtsp://camera.test/live",
        "transport": "auto",
        "enabled": True,
        "transcribe": True,
        "language": None,
        "keywords": [],
        "store": "all",
        "retain_days": None,
        "recording": {"mode": "off", "retain_days": None, "retain_bytes": None, "pre_s": 10, "post_s": 20},
        "status": {
            "state": "streaming",
            "since": moment(),
            "error": None,
            "next_retry_at": None,
            "reconnects": 0,
            "video": {"codec": "h264", "width": 1920, "height": 1080, "fps": 15},
            "audio": {"codec": "aac", "sample_rate": 16000, "level_dbfs": -40.0},
            "speaking": False,
            "recording": False,
            "transcription": {"state": "ok", "lag_s": 0, "dropped_s": 0},
            "last_transcript_at": None,
        },
        "a_field_of_tomorrow": 1,
    }
