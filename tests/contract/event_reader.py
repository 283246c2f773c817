"""Server-sent events, read off an answer that blocks."""

from collections.abc import Callable
from dataclasses import dataclass
import http.client
import json
from typing import Any


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event as it stood on the wire."""

    id: int | None
    type: str
    data: Any


class EventReader:
    """Reads server-sent events off an answer."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        """Read what follows the headers."""
        self.response = response

    def block(self) -> list[str]:
        """The lines up to the next empty one; raises EOFError at the end."""
        lines: list[str] = []
        while True:
            line = self.response.readline()
            if not line:
                raise EOFError
            if line in {b"\n", b"\r\n"}:
                return lines
            lines.append(line.decode().rstrip("\r\n"))

    def next(self) -> ServerSentEvent:
        """The next event; comments are passed over."""
        while True:
            fields: dict[str, str] = {}
            for line in self.block():
                name, _, value = line.partition(":")
                if name:
                    fields[name] = fields.get(name, "") + value.removeprefix(" ")
            if "data" in fields:
                number = fields.get("id")
                return ServerSentEvent(int(number) if number else None, fields["event"], json.loads(fields["data"]))

    def until(self, wanted: Callable[[ServerSentEvent], bool]) -> ServerSentEvent:
        """The next event that is wanted."""
        while not wanted(event := self.next()):
            pass
        return event
