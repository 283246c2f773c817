"""How much of a fragmented MP4 file is whole, read from its boxes (ISO/IEC 14496-12); no C library, nothing decoded."""

from collections.abc import Iterator
from dataclasses import dataclass
import os
from pathlib import Path
import struct
from typing import BinaryIO

MAX_BOX_BYTES = 4 * 1024 * 1024
"""Of boxes that are read: `moov` and `moof`. Bigger ones are not ours."""

_HAS_DURATION, _HAS_SIZE, _HAS_FLAGS, _HAS_OFFSET = 0x100, 0x200, 0x400, 0x800
_DATA_OFFSET, _FIRST_FLAGS = 0x1, 0x4
_DEFAULT_FIELDS = ((0x1, 8), (0x2, 4))


@dataclass(frozen=True, slots=True)
class Whole:
    """What of a file can be played: its first `bytes` bytes, which last so long."""

    duration_s: float
    bytes: int


def inspect(path: Path) -> Whole | None:
    """Return what of a file plays, None when nothing does; raises OSError. It reads heads of boxes alone."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        try:
            return _inspect(file, size)
        except struct.error, ValueError, IndexError, ZeroDivisionError:
            return None


def _inspect(file: BinaryIO, size: int) -> Whole | None:
    tracks: dict[int, _Track] = {}
    whole = 0
    ends_s = pending_s = 0.0
    for kind, begins, head, length in _boxes(file, size):
        if kind in (b"moov", b"moof"):
            if length > MAX_BOX_BYTES:
                break
            file.seek(begins + head)
            body = file.read(length - head)
            if kind == b"moov":
                tracks = _tracks(body)
            else:
                pending_s = max(ends_s, _fragment_end(body, tracks))
        elif kind == b"mdat":
            ends_s, whole = pending_s, begins + length
        elif whole:
            whole = begins + length
    return Whole(ends_s, whole) if ends_s > 0 else None


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Kind, beginning, length of the head and of the whole box, for each box that is whole."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        head = 8
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
            head = 16
        if length < head or at + length > size:
            return
        yield kind, at, head, length
        at += length


@dataclass(slots=True)
class _Track:
    timescale: int = 0
    default_duration: int = 0


def _inner(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(body):
        length, kind = struct.unpack_from(">I4s", body, at)
        if length < 8 or at + length > len(body):  # noqa: PLR2004 - a head's length
            raise ValueError("a box that is longer than what holds it")
        yield kind, body[at + 8 : at + length]
        at += length


def _tracks(moov: bytes) -> dict[int, _Track]:
    tracks: dict[int, _Track] = {}
    for kind, body in _inner(moov):
        if kind == b"trak":
            number, timescale = _track_head(body)
            tracks.setdefault(number, _Track()).timescale = timescale
        elif kind == b"mvex":
            for inner, trex in _inner(body):
                if inner == b"trex":
                    number, _, duration = struct.unpack_from(">4xIII", trex)
                    tracks.setdefault(number, _Track()).default_duration = duration
    return tracks


def _track_head(trak: bytes) -> tuple[int, int]:
    number = timescale = 0
    for kind, body in _inner(trak):
        if kind == b"tkhd":
            (number,) = struct.unpack_from(">I", body, 20 if body[0] else 12)
        elif kind == b"mdia":
            for inner, mdhd in _inner(body):
                if inner == b"mdhd":
                    (timescale,) = struct.unpack_from(">I", mdhd, 20 if mdhd[0] else 12)
    return number, timescale


def _fragment_end(moof: bytes, tracks: dict[int, _Track]) -> float:
    return max((_traf_end(body, tracks) for kind, body in _inner(moof) if kind == b"traf"), default=0.0)


def _traf_end(traf: bytes, tracks: dict[int, _Track]) -> float:
    """When the samples of one track in one fragment end, in seconds."""
    track, begins, duration, lasts = _Track(), 0, 0, 0
    for kind, body in _inner(traf):
        (flags,) = struct.unpack_from(">I", body)
        if kind == b"tfhd":
            (number,) = struct.unpack_from(">I", body, 4)
            track = tracks[number] if number in tracks else _Track()
            duration = track.default_duration
            at = 8 + sum(size for flag, size in _DEFAULT_FIELDS if flags & flag)
            if flags & 0x8:
                (duration,) = struct.unpack_from(">I", body, at)
        elif kind == b"tfdt":
            (begins,) = struct.unpack_from(">Q" if body[0] else ">I", body, 4)
        elif kind == b"trun":  # codespell:ignore trun
            lasts += _run_length(body, flags, duration)
    return (begins + lasts) / track.timescale


def _run_length(run: bytes, flags: int, default_duration: int) -> int:
    (count,) = struct.unpack_from(">I", run, 4)
    if not flags & _HAS_DURATION:
        return count * default_duration if count else 0
    at = 8 + 4 * bool(flags & _DATA_OFFSET) + 4 * bool(flags & _FIRST_FLAGS)
    step = 4 * sum(bool(flags & flag) for flag in (_HAS_DURATION, _HAS_SIZE, _HAS_FLAGS, _HAS_OFFSET))
    if at + count * step > len(run):
        raise ValueError("a run that is longer than its box")
    return sum(struct.unpack_from(">I", run, at + index * step)[0] for index in range(count))
