"""Recordings of a camera clip as the recorder leaves them: fMP4 files cut at key frames, under their names."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import av
from av.packet import Packet

from wallflower_sidecar.domain.recordings import MARKER, RecordingName

from .recorded import MORNING

STREAM = "porch"
_FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "2000000"}


@dataclass(frozen=True, slots=True)
class Filmed:
    """A file that was recorded."""

    path: Path
    start: datetime
    end: datetime


def recordings_root(folder: Path) -> Path:
    """Make a folder for recordings with its marker."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()
    return folder


def film(
    root: Path,
    clip: Path,
    *,
    stream: str = STREAM,
    start: datetime = MORNING,
    segment_s: float = 4.0,
    count: int | None = None,
    until_s: float = float("inf"),
) -> list[Filmed]:
    """Record a clip from its first key frame, in files of about `segment_s`; `count` of them, or until `until_s`."""
    files = []
    for segment in _segments(clip, segment_s):
        packets = [each for each in segment if _decoded_at(each) < until_s]
        if not packets or (count is not None and len(files) == count):
            break
        zero_s, lead = _seconds(packets[0], packets[0].pts), packets[0].stream.type
        end_s = max(_seconds(each, each.pts + each.duration) for each in packets if each.stream.type == lead)
        begins, ends = (start + timedelta(milliseconds=round(each * 1000)) for each in (zero_s, end_s))
        path = root / RecordingName(stream, begins, ends).path
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, clip, packets, zero_s)
        files.append(Filmed(path, begins, ends))
    return files


def as_open(file: Filmed, stream: str = STREAM, *, lost_bytes: int = 0) -> Path:
    """Have a file look as it does while it is written, its last bytes not on disk yet."""
    path = file.path.parents[2] / RecordingName(stream, file.start).path
    raw = file.path.read_bytes()
    file.path.unlink()
    path.write_bytes(raw[: len(raw) - lost_bytes])
    return path


def _segments(clip: Path, segment_s: float) -> Iterator[list[Packet]]:
    segment: list[Packet] = []
    with av.open(str(clip)) as container:
        lead = (container.streams.video or container.streams.audio)[0].type
        for packet in sorted((each for each in container.demux() if each.dts is not None), key=_decoded_at):
            if packet.stream.type == lead and packet.is_keyframe:
                if segment and _decoded_at(packet) - _decoded_at(segment[0]) >= segment_s:
                    yield segment
                    segment = []
            elif not segment and packet.stream.type != lead:
                continue
            segment.append(packet)
        yield segment


def _write(path: Path, clip: Path, packets: Sequence[Packet], zero_s: float) -> None:
    with ExitStack() as stack:
        source = stack.enter_context(av.open(str(clip)))
        target = stack.enter_context(av.open(str(path), "w", format="mp4", options=_FRAGMENTS))
        streams = {each.type: target.add_stream_from_template(each, opaque=True) for each in source.streams}
        for packet in packets:
            zero = round(zero_s * packet.time_base.den / packet.time_base.num)
            packet.pts, packet.dts = packet.pts - zero, packet.dts - zero
            packet.stream = streams[packet.stream.type]
            target.mux(packet)


def _decoded_at(packet: Packet) -> float:
    return _seconds(packet, packet.dts)


def _seconds(packet: Packet, ticks: int | None) -> float:
    return (ticks or 0) * packet.time_base.num / packet.time_base.den
