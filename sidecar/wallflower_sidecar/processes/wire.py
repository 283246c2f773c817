"""Messages between the sidecar and a child: 4 bytes of length (big endian), then a msgpack map with a `t`."""

from collections.abc import Iterator
import struct
from typing import Any

import msgpack

type Message = dict[str, Any]

MAX_FRAME = 16 * 1024 * 1024
"""Bytes of one message without its length; a longer one is refused by both sides."""

_LENGTH = struct.Struct(">I")


class WireError(Exception):
    """The bytes are no messages, the connection is of no further use. Never holds the bytes themselves."""


def encode(message: Message) -> bytes:
    """Write one message as a frame; raises WireError if it is too long or holds what msgpack cannot write."""
    try:
        body: bytes = msgpack.packb(message)
    except (TypeError, ValueError, OverflowError) as error:
        raise WireError(f"a message cannot be written ({type(error).__name__})") from None
    if len(body) > MAX_FRAME:
        raise WireError(f"a message of {len(body)} bytes is too long")
    return _LENGTH.pack(len(body)) + body


class Decoder:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        """Begin at the boundary of a frame."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take in bytes and yield each message that is complete; raises WireError at the first fault."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > MAX_FRAME:
                raise WireError(f"a frame of {length} bytes is announced")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            body = bytes(memoryview(self._buffer)[_LENGTH.size : end])
            del self._buffer[:end]
            yield _decode(body)


def _decode(body: bytes) -> Message:
    try:
        message = msgpack.unpackb(body)
    except (ValueError, msgpack.UnpackException) as error:
        raise WireError(f"a frame is not msgpack ({type(error).__name__})") from None
    if not isinstance(message, dict) or not isinstance(message.get("t"), str):
        raise WireError("a frame is not a map with a type")
    return message
