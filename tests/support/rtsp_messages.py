"""RTSP/1.0 requests and answers on the wire (RFC 2326)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

TRACK = "trackID="
REQUEST_WORDS = 3
REASONS = {453: "Not Enough Bandwidth", 454: "Session Not Found", 455: "Method Not Valid in This State"}
REASONS |= {461: "Unsupported Transport", 551: "Option not supported"}


class RtspSyntaxError(ValueError):
    """What arrived is not an RTSP request."""


@dataclass(frozen=True, slots=True)
class RtspRequest:
    """One request; header names in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]

    @property
    def source(self) -> str:
        """The source's name: the URL's path without the track."""
        path = unquote(urlsplit(self.url).path).strip("/")
        return path.rpartition(TRACK)[0].rstrip("/") if TRACK in path else path

    @property
    def track(self) -> int | None:
        """The number of the track that the URL names."""
        number = urlsplit(self.url).path.rpartition(TRACK)[2]
        return int(number) if TRACK in self.url and number.isdecimal() else None

    @property
    def base(self) -> str:
        """The source's URL, ending in a slash, to which track names are appended."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/"


async def read_request(reader: asyncio.StreamReader) -> RtspRequest | None:
    """Return the next request, or None at the end; interleaved RTCP from the client is skipped."""
    while True:
        first = await reader.read(1)
        if not first:
            return None
        if first != b"$":
            break
        channel_and_length = await reader.readexactly(3)
        await reader.readexactly(int.from_bytes(channel_and_length[1:]))
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    request_line, *lines = head.strip().split("\r\n")
    words = request_line.split(" ")
    if len(words) != REQUEST_WORDS or not words[2].startswith("RTSP/"):
        raise RtspSyntaxError(request_line)
    fields = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    if (length := headers.get("content-length", "0")).isdecimal():
        await reader.readexactly(int(length))
    return RtspRequest(words[0], words[1], headers)


def answer(request: RtspRequest, status: int, headers: Mapping[str, str], body: str = "") -> bytes:
    """Return the bytes of an answer to this request."""
    lines = [f"RTSP/1.0 {status} {_reason(status)}", f"CSeq: {request.headers.get('cseq', '0')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    content = body.encode()
    if content:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join((*lines, "", "")).encode() + content


def _reason(status: int) -> str:
    if status in REASONS:
        return REASONS[status]
    return HTTPStatus(status).phrase if status in HTTPStatus else "Unknown"
