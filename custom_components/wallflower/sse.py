"""Server-sent events, read from bytes as they arrive, with bounds."""

from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from dataclasses import dataclass, field
import re

from .exceptions import WallflowerProtocolError

MAX_LINE_BYTES = 2**20
MAX_DATA_CHARS = 2**22

_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event; `id` is None for one that is not stored."""

    id: int | None
    type: str
    data: str


@dataclass(slots=True)
class SseParser:
    """Turns bytes, cut anywhere, into events; raises WallflowerProtocolError beyond its bounds.

    The HTML standard's rules, but an id belongs to its own event alone: an event without one is not stored.
    """

    _buffer: bytes = b""
    _after_return: bool = False
    _id: int | None = None
    _type: str = ""
    _data: list[str] = field(default_factory=list)
    _data_chars: int = 0

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """Take bytes and give the events that they complete."""
        for line in self._lines(chunk):
            if line:
                self._take(line)
            elif (event := self._dispatch()) is not None:
                yield event

    def _lines(self, chunk: bytes) -> Iterator[str]:
        if self._after_return:
            chunk = chunk.removeprefix(b"\n")
        self._after_return = chunk.endswith(b"\r")
        *lines, self._buffer = _LINE_END.split(self._buffer + chunk)
        if max(map(len, (*lines, self._buffer))) > MAX_LINE_BYTES:
            raise WallflowerProtocolError("A line of the event stream is too long")
        for line in lines:
            yield line.decode("utf-8", "replace")

    def _take(self, line: str) -> None:
        name, _, value = line.removeprefix("\ufeff").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data_chars += len(value)
            if self._data_chars > MAX_DATA_CHARS:
                raise WallflowerProtocolError("An event of the event stream is too long")
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id" and value.isdecimal():
            self._id = int(value)

    def _dispatch(self) -> ServerSentEvent | None:
        event = ServerSentEvent(self._id, self._type or "message", "\n".join(self._data))
        has_data = bool(self._data)
        self._id, self._type, self._data_chars = None, "", 0
        self._data.clear()
        return event if has_data else None


async def read_events(chunks: AsyncIterable[bytes]) -> AsyncGenerator[ServerSentEvent]:
    """Give the events in a stream of bytes."""
    parser = SseParser()
    async for chunk in chunks:
        for event in parser.feed(chunk):
            yield event
