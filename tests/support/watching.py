"""An mp4 as a player sees it: its frames decoded, its sound, its time stamps."""

from collections.abc import Iterator
from dataclasses import dataclass
import hashlib
from itertools import pairwise
from pathlib import Path

import av
from av.packet import Packet


@dataclass(frozen=True, slots=True)
class Watched:
    """What is in a file; times are seconds from its beginning."""

    codecs: tuple[str, ...]
    begins_with_key_frame: bool
    frames: tuple[str, ...]
    """A digest of each picture, in the order in which they are shown."""

    sound_s: float
    duration_s: float
    longest_step_s: float
    """The longest time between two pictures, or two pieces of sound, that follow each other."""

    index_first: bool
    """Whether it can be played while it still arrives."""


def watch(path: Path) -> Watched:
    """Decode all of a file; fails unless each track's time stamps grow."""
    codecs, times = [], {}
    with av.open(str(path)) as container:
        codecs = [stream.codec_context.name for stream in container.streams]
        for packet in _packets(path):
            times.setdefault(packet.stream.type, []).append(packet)
    steps = []
    for packets in times.values():
        seconds = [_seconds(packet, packet.dts) for packet in packets]
        steps += [after - before for before, after in pairwise(seconds)]
    assert min(steps) > 0, "time runs backwards"
    lead = times.get("video") or times["audio"]
    return Watched(
        tuple(codecs),
        lead[0].is_keyframe,
        tuple(_pictures(path)) if "video" in times else (),
        _sound_s(path) if "audio" in times else 0.0,
        max(_seconds(packets[-1], packets[-1].dts + packets[-1].duration) for packets in times.values()),
        max(steps),
        _index_first(path),
    )


def pictures(path: Path) -> tuple[str, ...]:
    """A digest of each picture of a file."""
    return tuple(_pictures(path))


def _packets(path: Path) -> Iterator[Packet]:
    with av.open(str(path)) as container:
        yield from (packet for packet in container.demux() if packet.dts is not None)


def _pictures(path: Path) -> Iterator[str]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest()


def _sound_s(path: Path) -> float:
    with av.open(str(path)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


def _seconds(packet: Packet, ticks: int) -> float:
    return ticks * packet.time_base.num / packet.time_base.den


def _index_first(path: Path) -> bool:
    raw = path.read_bytes()
    return 0 < raw.find(b"moov") < raw.find(b"mdat")
