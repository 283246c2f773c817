"""One client's RTSP connection to a test camera."""

import asyncio
from collections.abc import Sequence
import logging
import re
import secrets
import time

from .camera_source import CameraSource, Sources
from .rtp_clip import Kind
from .rtp_transport import InterleavedTransport, RtpTransport, UdpPorts, UdpTransport
from .rtsp_auth import Guard
from .rtsp_messages import TRACK, RtspRequest, RtspSyntaxError, answer, read_request

METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER"
WEB_PAGE = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<p>Bad Request</p>"
_LOGGER = logging.getLogger(__name__)


class RtspSession:
    """Answers one connection's requests and is sent what it set up."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        sources: Sources,
        ports: UdpPorts,
        guard: Guard | None,
        lower_transports: frozenset[str],
    ) -> None:
        """Take over an accepted connection."""
        self._reader, self._writer = reader, writer
        self._sources, self._ports, self._guard = sources, ports, guard
        self._lower_transports = lower_transports
        self._id = secrets.token_hex(4)
        self._source: CameraSource | None = None
        self._transports: dict[Kind, RtpTransport] = {}

    @property
    def dropped(self) -> int:
        """Packets thrown away because the client did not read."""
        return sum(transport.dropped for transport in self._transports.values())

    @property
    def kinds(self) -> frozenset[Kind]:
        """The media set up."""
        return frozenset(self._transports)

    def abort(self) -> None:
        """Reset the connection."""
        self._writer.transport.abort()

    def send_rtp(self, kind: Kind, packets: Sequence[bytes]) -> None:
        """Pass on RTP packets of a medium that was set up."""
        if (transport := self._transports.get(kind)) and not self._loses(transport):
            transport.send_rtp(packets)
            if kind == "audio" and self._source is not None:
                self._source.audio_sent_at = time.time()

    def send_rtcp(self, kind: Kind, packet: bytes) -> None:
        """Pass on a sender report of a medium that was set up."""
        if (transport := self._transports.get(kind)) and not self._loses(transport):
            transport.send_rtcp(packet)

    def _loses(self, transport: RtpTransport) -> bool:
        if self._source is None:
            return False
        if self._source.faults.whole_or_nothing and len(self._transports) < len(self._source.stream.clip.tracks):
            return True
        return self._source.faults.datagrams_lost and isinstance(transport, UdpTransport)

    async def run(self) -> None:
        """Answer until the client leaves."""
        try:
            while (request := await read_request(self._reader)) and await self._serve(request):
                await self._writer.drain()
        except (ConnectionError, EOFError, asyncio.LimitOverrunError, RtspSyntaxError) as error:
            _LOGGER.debug("connection ended: %r", error)
        finally:
            self._stop()
            if self._source is not None:
                self._source.connections.discard(self)
            self._writer.close()

    async def _serve(self, request: RtspRequest) -> bool:
        """Answer one request; say whether the connection goes on."""
        source = self._sources.get(request.source)
        if source is None:
            self._reply(request, *self._refusal_without_source(request))
            return True
        self._belong_to(source)
        if source.faults.silent:
            return True
        if source.faults.answer_delay_s:
            await asyncio.sleep(source.faults.answer_delay_s)
        if source.faults.html:
            self._writer.write(WEB_PAGE)
            return False
        if request.method == "OPTIONS":
            self._reply(request, 200, {"Public": METHODS})
        elif request.method == "TEARDOWN":
            self._stop()
            self._reply(request, 200)
            return False
        elif self._admitted(request, source):
            self._do(request, source)
        return True

    def _refusal_without_source(self, request: RtspRequest) -> tuple[int, dict[str, str]]:
        if request.method == "OPTIONS":
            return 200, {"Public": METHODS}
        if self._guard is not None and not self._guard.admits(request):
            return 401, {"WWW-Authenticate": self._guard.challenge}
        return 404, {}

    def _belong_to(self, source: CameraSource) -> None:
        if self._source is not None and self._source is not source:
            self._source.connections.discard(self)
        self._source = source
        source.connections.add(self)

    def _admitted(self, request: RtspRequest, source: CameraSource) -> bool:
        """Refuse what a fault or missing credentials forbid; say whether the request may go on."""
        if request.method == "DESCRIBE":
            source.describes += 1
        status = source.faults.status
        guard = self._guard
        if status is None and (guard is None or guard.admits(request)):
            return True
        if guard is not None and "authorization" in request.headers and not guard.admits(request):
            source.rejected += 1
        challenge = (guard or Guard("", "", "digest")).challenge
        self._reply(request, status or 401, {"WWW-Authenticate": challenge} if status in (None, 401) else {})
        return False

    def _do(self, request: RtspRequest, source: CameraSource) -> None:
        match request.method:
            case "DESCRIBE":
                headers = {"Content-Base": request.base, "Content-Type": "application/sdp"}
                self._reply(request, 200, headers, source.description())
            case "SETUP":
                self._set_up(request, source)
            case "PLAY":
                self._play(request, source)
            case "PAUSE":
                self._stop()
                self._reply(request, 200)
            case "GET_PARAMETER" | "SET_PARAMETER":
                self._reply(request, 200)
            case _:
                self._reply(request, 501)

    def _set_up(self, request: RtspRequest, source: CameraSource) -> None:
        tracks = source.stream.clip.tracks
        if request.track is None or request.track >= len(tracks):
            self._reply(request, 404)
            return
        limit = source.faults.most_sessions
        if limit is not None and self not in source.playing and len(source.playing) >= limit:
            self._reply(request, 453)
            return
        kind = tracks[request.track].kind
        agreed = self._agree(kind, request)
        if agreed and kind == "audio":
            source.audio_setups += 1
        self._reply(request, 200 if agreed else 461, {"Transport": agreed} if agreed else {})

    def _agree(self, kind: Kind, request: RtspRequest) -> str | None:
        """Take up the first transport offered that this camera has; return it as agreed, or None."""
        for offer in request.headers.get("transport", "").split(","):
            pair = re.search(r"(interleaved|client_port)=(\d+)-(\d+)", offer)
            if pair is None or "multicast" in offer:
                continue
            first, second = int(pair[2]), int(pair[3])
            if pair[1] == "interleaved" and "tcp" in self._lower_transports:
                self._transports[kind] = InterleavedTransport(self._writer.transport, first, second)
                return f"RTP/AVP/TCP;unicast;interleaved={first}-{second}"
            if pair[1] == "client_port" and "udp" in self._lower_transports:
                host = str(self._writer.get_extra_info("peername")[0])
                self._transports[kind] = UdpTransport(self._ports, host, first, second)
                mine = f"{self._ports.first}-{self._ports.first + 1}"
                return f"RTP/AVP;unicast;client_port={first}-{second};server_port={mine}"
        return None

    def _play(self, request: RtspRequest, source: CameraSource) -> None:
        kinds = {track.kind: number for number, track in enumerate(source.stream.clip.tracks)}
        missing = kinds.keys() - self._transports.keys()
        if not self._transports or (source.faults.whole_only and missing):
            self._reply(request, 455)
            return
        places = []
        for kind in self._transports:
            sequence, rtp_time = source.stream.position(kind)
            places.append(f"url={request.base}{TRACK}{kinds.get(kind, 0)};seq={sequence};rtptime={rtp_time}")
        self._reply(request, 200, {"Range": "npt=0.000-", "RTP-Info": ",".join(places)})
        if self not in source.playing:
            source.plays_ever += 1
            source.playing.add(self)
        source.stream.add(self)

    def _stop(self) -> None:
        if self._source is not None:
            self._source.playing.discard(self)
            self._source.stream.discard(self)

    def _reply(self, request: RtspRequest, status: int, headers: dict[str, str] | None = None, body: str = "") -> None:
        named = {"Session": f"{self._id};timeout=60"} if self._transports else {}
        self._writer.write(answer(request, status, named | (headers or {}), body))
