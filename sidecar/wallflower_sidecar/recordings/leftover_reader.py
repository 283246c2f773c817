"""The process that mends a recording which was cut off: what is whole of it stays, and is measured."""

import errno
import fcntl
import os
from pathlib import Path
import struct
from typing import BinaryIO

import av
import av.logging

from ..processes.bounds import bound_this_process
from ..processes.child import Channel, run_child
from .footage import opened, packets, time_s, tracks
from .leftover_messages import mended

_MEMORY_BYTES = 256 * 1024 * 1024
_LEAST_S = 0.001
"""How long a single picture is whose duration is not known: names hold whole milliseconds."""

_HEADER = struct.Struct(">I4s")
_LARGE = struct.Struct(">Q")


def mend(path: Path) -> float:
    """Cut a file behind its last whole fragment; returns how many seconds it holds, 0 for not one whole fragment.

    Raises OSError, also (EIO) for fragments that cannot be read and (EAGAIN) for a file that is being written.
    """
    with path.open("r+b") as file:
        _require_abandoned(file)
        whole = whole_bytes(file)
        if not whole:
            return 0.0
        file.truncate(whole)
        os.fsync(file.fileno())
    try:
        return _duration_s(path)
    except (av.FFmpegError, ValueError) as error:
        raise OSError(errno.EIO, os.strerror(errno.EIO)) from error


def _require_abandoned(file: BinaryIO) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return  # a share without locks: that it has not changed for long must do


def whole_bytes(file: BinaryIO) -> int:
    """Where the last fragment ends whose boxes are all there (ISO/IEC 14496-12, 8.8); 0 if there is none."""
    size = file.seek(0, os.SEEK_END)
    at = whole = 0
    announced = False
    while at + _HEADER.size <= size:
        file.seek(at)
        length, kind = _HEADER.unpack(file.read(_HEADER.size))
        if length == 1 and at + _HEADER.size + _LARGE.size <= size:
            (length,) = _LARGE.unpack(file.read(_LARGE.size))
        if length < _HEADER.size or at + length > size:
            break
        at += length
        announced = announced or kind == b"moof"
        if announced and kind in (b"mdat", b"mfra"):
            whole = at
    return whole


def _duration_s(path: Path) -> float:
    """The time from the first packet's begin to the last one's end; raises ValueError where no packet comes."""
    first: float | None = None
    last = 0.0
    with opened(path) as container:
        for packet in packets(container, tracks(container)):
            begin = time_s(packet, packet.pts)
            first = begin if first is None else min(first, begin)
            last = max(last, begin + time_s(packet, packet.duration))
    if first is None:
        raise ValueError("its fragments yield no packet")
    return max(last - first, _LEAST_S)


def main(channel: Channel) -> None:
    """Mend one file after the other, as asked."""
    av.logging.set_level(None)  # libav's own lines hold what the file says of itself
    bound_this_process(_MEMORY_BYTES)
    while True:
        path = Path(os.fsdecode(channel.receive()["path"]))
        try:
            answer = mended(mend(path))
        except OSError as error:
            answer = mended(0.0, error.errno or errno.EIO)
        channel.send(answer)


if __name__ == "__main__":
    run_child(main)
