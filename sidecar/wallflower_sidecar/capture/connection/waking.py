"""Waking a thread that libav keeps waiting for a silent camera: the very sockets it waits for are shut.

libav does not tell which sockets are a session's, and the channels of a recorder share one address. The kernel tells
which system call a thread is in: libav waits in poll(), a tenth of a second at a time.
"""

from collections.abc import Sequence
from contextlib import suppress
import os
from pathlib import Path
import platform
import socket
import struct
import time

_POLLS = {"x86_64": (7, 271), "aarch64": (73,)}
"""Linux's numbers of poll and ppoll; both begin with an array of pollfd and its length."""

_POLLFD = struct.Struct("=ihh")
_MOST_SOCKETS = 64
_LOOKS = 20
_LOOK_EVERY_S = 0.01


def wake(thread_id: int) -> int:
    """Shut the TCP sockets that a thread of this process (native id) waits for; returns how many, within 0.2 s."""
    for _ in range(_LOOKS):
        shut = [each for each in awaited(thread_id) if _shut(thread_id, each)]
        if shut:
            return len(shut)
        time.sleep(_LOOK_EVERY_S)
    return 0


def awaited(thread_id: int) -> Sequence[int]:
    """The descriptors that a thread waits for in this moment; none when it does not, or where nobody can tell."""
    try:
        call, *arguments = Path(f"/proc/self/task/{thread_id}/syscall").read_text(encoding="ascii").split()
        if not call.isdecimal() or int(call) not in _POLLS.get(platform.machine(), ()):
            return ()
        address, count = int(arguments[0], 16), int(arguments[1], 16)
        return _descriptors(address, min(count, _MOST_SOCKETS))
    except OSError, ValueError:
        return ()


def _descriptors(address: int, count: int) -> Sequence[int]:
    """Read an array of pollfd; through the file, as its thread may end and its stack go while it is read."""
    memory = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        read = os.pread(memory, count * _POLLFD.size, address)
    finally:
        os.close(memory)
    whole = len(read) - len(read) % _POLLFD.size
    return [descriptor for descriptor, _, _ in _POLLFD.iter_unpack(read[:whole])]


def _shut(thread_id: int, descriptor: int) -> bool:
    """Shut a TCP socket through a duplicate, as its owner may close it at any moment and the number be another's."""
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as sock:
        is_tcp = sock.family in (socket.AF_INET, socket.AF_INET6) and sock.type == socket.SOCK_STREAM
        if is_tcp and descriptor in awaited(thread_id):
            sock.shutdown(socket.SHUT_RDWR)
            return True
    return False
