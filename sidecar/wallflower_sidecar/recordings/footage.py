"""Recorded files as they are read for a clip: what each holds, when, and its packets."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from ..domain.recordings import PART
from .cutter_messages import Source

type Parameters = tuple[object, ...]
"""What of two tracks must be equal, so that the packets of one can follow the other's."""

_LOOK_AT = 1000
"""Packets within which each track must begin; a camera's sound that begins later joins as it comes."""

SAME_S = 0.0005
"""Times closer than this are the same: names hold whole milliseconds."""


class Key(NamedTuple):
    """A frame that needs no other: when it is decoded and when it is shown, in its file's seconds."""

    dts_s: float
    pts_s: float


@dataclass(frozen=True, slots=True)
class Footage:
    """A file that can be read; times without `wall` are its own, in seconds.

    `begins` says when each track (`video`, `audio`) begins, and `first_s` is the time of the packet that the name's
    time belongs to.
    """

    source: Source
    path: Path
    parameters: Parameters
    begins: dict[str, float]
    first_s: float

    def wall(self, media_s: float) -> float:
        """The time of day of a moment in the file, in seconds since 1970."""
        return self.source.start + media_s - self.first_s

    @property
    def begins_s(self) -> float:
        """Where the first of its tracks begins."""
        return min(self.begins.values())

    def key_at(self, wall: float) -> Key | None:
        """The last key frame at or before a time of day; the first one if there is none, None without any."""
        found: Key | None = None
        for key in self._keys():
            if found is not None and self.wall(key.pts_s) > wall + SAME_S:
                break
            found = key
        return found

    def key_after(self, wall: float) -> Key | None:
        """The first key frame at or after a time of day, None if there is none."""
        return next((key for key in self._keys() if self.wall(key.pts_s) >= wall - SAME_S), None)

    def _keys(self) -> Iterator[Key]:
        with opened(self.path) as container:
            for packet in packets(container, tracks(container)[:1]):
                if packet.is_keyframe:
                    yield Key(time_s(packet, packet.dts), time_s(packet, packet.pts))


def look(source: Source) -> Footage:
    """Find out what a file holds; raises av.FFmpegError, OSError, ValueError for what cannot be read."""
    path = _where(source.path)
    with opened(path) as container:
        streams = tracks(container)
        first: dict[str, Key] = {}
        for packet in islice(packets(container, streams), _LOOK_AT):
            first.setdefault(packet.stream.type, Key(time_s(packet, packet.dts), time_s(packet, packet.pts)))
            if len(first) == len(streams):
                break
        if not first:
            raise ValueError("it holds nothing")
        begins = {kind: each.dts_s for kind, each in first.items()}
        first_s = min(each.pts_s for each in first.values())
        return Footage(source, path, tuple(map(_parameters, streams)), begins, first_s)


@contextmanager
def opened(path: Path) -> Generator[InputContainer]:
    """Open a file within the block; it can name no other file and no host."""
    options = {"format_whitelist": "mov", "protocol_whitelist": "file"}
    with av.open(f"file:{path}", container_options=options) as container:
        yield container


def tracks(container: InputContainer) -> list[Stream]:
    """The picture, if there is one, and the sound, if there is one; raises ValueError without both."""
    found = [*container.streams.video[:1], *container.streams.audio[:1]]
    if not found:
        raise ValueError("it has neither picture nor sound")
    return found


def packets(container: InputContainer, streams: list[Stream]) -> Iterator[Packet[Stream]]:
    """The whole packets of a file; it ends at what is damaged, and at what is still being written."""
    try:
        for packet in container.demux(streams):
            if packet.is_corrupt:
                return
            if packet.pts is not None and packet.dts is not None:
                yield packet
    except av.FFmpegError:
        return


def time_s(packet: Packet[Stream], ticks: int | None) -> float:
    """A packet's time stamp in seconds."""
    base = packet.time_base
    return (ticks or 0) * base.num / base.den


def _parameters(stream: Stream) -> tuple[object, ...]:
    context = stream.codec_context
    shape = [getattr(context, name, None) for name in ("width", "height", "sample_rate")]
    layout = getattr(context, "layout", None)
    return stream.type, context.name, *shape, None if layout is None else layout.name, context.extradata


def _where(path: Path) -> Path:
    """A file that was being written may have got its final name meanwhile."""
    if path.suffix == PART and not path.exists():
        stem = path.name.removesuffix(f".mp4{PART}")
        return next(iter(sorted(path.parent.glob(f"{stem}_*.mp4"))), path)
    return path
