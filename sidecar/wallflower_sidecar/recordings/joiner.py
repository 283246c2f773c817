"""One mp4 out of the packets of several files: copied, not encoded anew, on a timeline without gaps."""

from contextlib import suppress
from dataclasses import dataclass
import errno
import os
from pathlib import Path
import struct

import av
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

OVERHANG_S = 0.15
"""So much of the sound may lie beyond the last picture of a file without parting the pictures: a packet of it."""

_BOX_HEADER = 8
_LARGE_BOX_HEADER = 16


@dataclass(slots=True)
class _Track:
    """A track of the clip; times are in its own ticks."""

    stream: Stream
    shift: int = 0
    last: int | None = None
    step: int = 0

    def ticks(self, seconds: float) -> int:
        base = self.stream.time_base
        return round(seconds * base.den / base.num)

    @property
    def ends_s(self) -> float | None:
        """Where the next packet belongs, in seconds."""
        base = self.stream.time_base
        return None if self.last is None else (self.last + self.step) * base.num / base.den


class Joiner:
    """Writes a clip; each file's packets follow at once on those of the file before."""

    def __init__(self, target: Path, templates: list[Stream]) -> None:
        """Begin a clip with the tracks of the first file; raises OSError, av.FFmpegError, ValueError."""
        self._target = target
        self._container: OutputContainer = av.open(
            f"file:{target}", "w", format="mp4", options={"movflags": "+faststart"}
        )
        self._tracks: dict[str, _Track] = {}
        self._lead = templates[0].type
        for template in templates:
            stream = self._container.add_stream_from_template(template, opaque=True)
            if template.codec_context.name == "hevc":
                stream.codec_tag = "hvc1"  # as hev1 it is not played by Apple's players
            self._tracks[template.type] = _Track(stream)
        self._container.start_encoding()

    @property
    def length_s(self) -> float:
        """How long the clip is by now."""
        return max((track.ends_s or 0.0 for track in self._tracks.values()), default=0.0)

    def follow(self, begins: dict[str, float]) -> None:
        """What comes next are the packets of a file whose tracks begin at these times, in seconds of its own."""
        shifts = {
            kind: ends_s - begins[kind]
            for kind, track in self._tracks.items()
            if (ends_s := track.ends_s) is not None and kind in begins
        }
        leading = shifts.pop(self._lead, None)
        others = [shift_s if leading is None else shift_s - OVERHANG_S for shift_s in shifts.values()]
        if leading is not None:
            others.append(leading)
        shift_s = max(others, default=-min(begins.values()))
        for track in self._tracks.values():
            track.shift = track.ticks(shift_s)

    def add(self, packet: Packet[Stream]) -> None:
        """Write the next packet; time stamps that repeat or run backwards are put right."""
        track = self._tracks[packet.stream.type]
        packet.rescale_ts(track.stream.time_base)
        if packet.dts is None or packet.pts is None:
            return
        dts = packet.dts + track.shift
        delay = packet.pts - packet.dts
        if track.last is not None:
            dts = max(dts, track.last + 1)
            track.step = packet.duration or track.step or dts - track.last
        else:
            track.step = packet.duration or 0
        packet.dts, packet.pts = dts, dts + max(delay, 0)
        track.last = dts
        packet.stream = track.stream
        self._container.mux(packet)

    def finish(self) -> int:
        """Finish the file and return its size; raises OSError if it lacks its end, of which libav does not tell."""
        self._container.close()
        size = self._target.stat().st_size
        if not _is_whole(self._target, size):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return size

    def close(self) -> None:
        """Close the file as it is; does nothing once it is finished."""
        with suppress(av.FFmpegError, OSError, ValueError):
            self._container.close()


def _is_whole(path: Path, size: int) -> bool:
    """Whether the boxes of an mp4 reach exactly to its end."""
    at = 0
    with path.open("rb") as file:
        while at + _BOX_HEADER <= size:
            file.seek(at)
            length, kind = struct.unpack(">I4s", file.read(_BOX_HEADER))
            if length == 1:
                large = file.read(_LARGE_BOX_HEADER - _BOX_HEADER)
                if len(large) < _LARGE_BOX_HEADER - _BOX_HEADER:
                    return False
                length = int.from_bytes(large)
            if length < _BOX_HEADER or not kind.strip(b"\0"):
                return False
            at += length
    return at == size > 0
