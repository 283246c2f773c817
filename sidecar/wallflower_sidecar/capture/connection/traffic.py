"""What comes in on the sockets that a thread in libav waits for, as the kernel counts it; libav does not tell.

RTP that libav cannot unpack is thrown away in silence. Bytes then come in a steady flow, which tells it from what
else a camera says, such as its reports: that comes seldom.
"""

from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from fcntl import ioctl
import os
import socket
import struct
from typing import Protocol

from .waking import awaited

_MEDIA_BYTES = 200
"""Received in half a second at least while media come over TCP."""

_REQUEST_BYTES = 100
"""Sent in half a second at most while they do; requests are longer, and their answers are no media."""

_SYN_SENT = 2
_TCP_INFO = struct.Struct("=B43xI4xI64xQQ")
"""Linux's `struct tcp_info`: state, ms since data were sent and received, bytes acknowledged and received."""

_LAST_STAMP = 0x8906
"""SIOCGSTAMP: when the last datagram read from a socket had come, as two 64-bit words."""


@dataclass(frozen=True, slots=True)
class Connected:
    """One TCP connection so far."""

    state: int
    sent_ago_ms: int
    received_ago_ms: int
    acknowledged: int
    received: int

    @property
    def never_answered(self) -> bool:
        """Whether nothing at all came."""
        return self.state == _SYN_SENT or self.received == 0

    @property
    def answered_last(self) -> bool:
        """Whether something came after the last request, as far as the kernel's clock tells them apart."""
        return not self.never_answered and self.received_ago_ms <= self.sent_ago_ms


class Traffic(Protocol):
    """What flows to a thread; `look` is called twice a second while it matters."""

    @property
    def connected(self) -> Connected | None:
        """Its TCP connection as last looked at, None while it has none."""

    def look(self) -> None:
        """Take the next sample."""

    def flowed(self, looks: int) -> bool:
        """Whether media came before each of so many last looks."""


class SocketTraffic:
    """Reads the sockets that the thread with this native id waits for."""

    def __init__(self, thread_id: int) -> None:
        """Have seen nothing."""
        self.connected: Connected | None = None
        self._thread_id = thread_id
        self._sockets: dict[int, int] = {}
        """Descriptor and inode of each."""

        self._stamps: dict[int, bytes] = {}
        self._came: deque[bool] = deque(maxlen=32)

    def look(self) -> None:
        """Take the next sample."""
        if descriptors := awaited(self._thread_id):
            self._sockets = {each: inode for each in descriptors if (inode := _inode(each))}
        before, self.connected = self.connected, None
        came = False
        for descriptor, inode in self._sockets.items():
            with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as sock:
                if os.fstat(sock.fileno()).st_ino != inode:
                    continue
                if sock.type == socket.SOCK_STREAM:
                    self.connected = _read(sock)
                    came |= _are_media(before, self.connected)
                else:
                    came |= self._is_new(sock, inode)
        self._came.append(came)

    def flowed(self, looks: int) -> bool:
        """Whether media came before each of so many last looks."""
        return len(self._came) >= looks and all(list(self._came)[-looks:])

    def _is_new(self, sock: socket.socket, inode: int) -> bool:
        """Whether a datagram was read since the last look."""
        before = self._stamps.get(inode)
        stamp = self._stamps[inode] = ioctl(sock, _LAST_STAMP, bytes(16))
        return before is not None and stamp != before


def _inode(descriptor: int) -> int | None:
    with suppress(OSError):
        return os.fstat(descriptor).st_ino
    return None


def _read(sock: socket.socket) -> Connected:
    return Connected(*_TCP_INFO.unpack(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)))


def _are_media(before: Connected | None, now: Connected) -> bool:
    if before is None:
        return False
    return now.received - before.received >= _MEDIA_BYTES and now.acknowledged - before.acknowledged <= _REQUEST_BYTES
