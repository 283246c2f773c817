"""A media file as RTP packets with exact media times, packetised once by ffmpeg."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path
import re
import socket
from statistics import mode
import struct
import tempfile
from typing import Literal

from .ffmpeg import ffmpeg_child, finish

type Kind = Literal["video", "audio"]

KINDS: tuple[Kind, ...] = ("video", "audio")
PACKET_BYTES = 1400
G711_PACKET_BYTES = 12 + 320
"""40 ms of G.711 in a packet, as cameras send it."""

SAMPLE_BYTES = {"pcm_mulaw": 1, "pcm_alaw": 1, "pcm_s16be": 2}
"""Bytes of a sample of the codecs that are sent as they are."""

STATIC_CLOCKS = {0: 8_000, 8: 8_000, 10: 44_100, 11: 44_100, 26: 90_000}
"""Clock rates of the static payload types used here (RFC 3551, table 4 and 5)."""

STATIC_STEREO = 10
IN_BAND = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}
"""ffmpeg's filters that put parameter sets before key frames."""


DEADLINE_S = 60.0
RECEIVE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class RtpTrack:
    """One medium of a clip as RTSP offers it."""

    kind: Kind
    payload_type: int
    clock_rate: int
    sdp: tuple[str, ...]
    """Its lines of the session description, without connection and control."""


@dataclass(frozen=True, slots=True)
class RtpBurst:
    """The packets of one access unit, due at once."""

    kind: Kind
    due_s: float
    """Seconds after the clip's first packet."""

    ticks: int
    """RTP time after the clip's first packet, in the track's clock."""

    packets: tuple[tuple[bool, bytes], ...]
    """Marker bit and payload."""


@dataclass(frozen=True, slots=True)
class RtpClip:
    """A file ready to be sent again and again."""

    path: Path
    tracks: tuple[RtpTrack, ...]
    bursts: tuple[RtpBurst, ...]
    """In sending order."""

    period: Fraction
    """Seconds from one loop to the next: the sound's length in whole access units, else the picture's."""

    lead_s: float
    """Seconds from the first packet to media time zero (an AAC or Opus encoder's priming comes first)."""

    def track(self, kind: Kind) -> RtpTrack | None:
        """Return the track of this kind, if the clip has one."""
        return next((track for track in self.tracks if track.kind == kind), None)


@dataclass(frozen=True, slots=True)
class _Medium:
    """What a file has of one kind."""

    codec: str
    first_s: Fraction
    """Presentation time of its first packet."""

    packets: int


@dataclass(frozen=True, slots=True)
class _Unit:
    """One access unit: its RTP time and packets as ffmpeg made them."""

    timestamp: int
    packets: tuple[tuple[bool, bytes], ...]


async def packetise(path: Path, *, in_band: bool = False) -> RtpClip:
    """Read a file into RTP packets; raise FfmpegError if ffmpeg cannot, TimeoutError after 60 s.

    `in_band`: each key frame of H.264 and H.265 comes with its parameter sets, instead of only in the description.
    """
    async with asyncio.timeout(DEADLINE_S):
        media = await _probe(path)
        description, raw = await _packets(path, media, in_band=in_band)
    tracks = _tracks(description, tuple(media))
    origin = min(medium.first_s for medium in media.values())
    lengths: dict[Kind, Fraction] = {}
    bursts: list[RtpBurst] = []
    for track in tracks:
        medium = media[track.kind]
        units = _units(raw[track.kind])
        if medium.codec == "aac":
            units = units[: medium.packets]
        shift = round((medium.first_s - origin) * track.clock_rate)
        lengths[track.kind] = Fraction(shift + _length(units, _tick_bytes(medium, track)), track.clock_rate)
        bursts += _bursts(track, units, shift)
    period = lengths.get("audio") or lengths["video"]
    bursts = sorted((burst for burst in bursts if burst.due_s < period), key=lambda burst: burst.due_s)
    return RtpClip(path, tracks, tuple(bursts), period, float(-origin))


async def _probe(path: Path) -> dict[Kind, _Medium]:
    maps = [argument for kind in KINDS for argument in ("-map", f"0:{kind[0]}:0?")]
    async with ffmpeg_child("-copyts", "-i", str(path), *maps, "-c", "copy", "-f", "framecrc", "-") as child:
        report = (await finish(child)).decode()
    kinds = dict(re.findall(r"^#media_type (\d+): (video|audio)$", report, re.MULTILINE))
    codecs = dict(re.findall(r"^#codec_id (\d+): (\S+)$", report, re.MULTILINE))
    bases = dict(re.findall(r"^#tb (\d+): (\S+)$", report, re.MULTILINE))
    times: dict[str, list[int]] = {}
    for index, presented in re.findall(r"^(\d+), +-?\d+, +(-?\d+),", report, re.MULTILINE):
        times.setdefault(index, []).append(int(presented))
    return {
        kind: _Medium(codecs[index], times[index][0] * Fraction(bases[index]), len(times[index]))
        for index, kind in kinds.items()
        if index in times
    }


async def _packets(path: Path, media: Mapping[Kind, _Medium], *, in_band: bool) -> tuple[str, dict[Kind, list[bytes]]]:
    """Return ffmpeg's session description and the RTP packets of each medium.

    Over packet-oriented unix sockets, so that none is lost and none needs framing. AAC is read twice: ffmpeg
    holds each of its frames back until the next one comes, and so never sends the last.
    """
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="wf-rtp-")))
        arguments = ["-copyts", "-i", str(path), "-stream_loop", "1", "-i", str(path)]
        listeners: dict[Kind, socket.socket] = {}
        for kind, medium in media.items():
            listener = cleanup.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
            listener.setblocking(False)
            listener.bind(str(folder / kind))
            listener.listen(1)
            listeners[kind] = listener
            size = G711_PACKET_BYTES if SAMPLE_BYTES.get(medium.codec) == 1 else PACKET_BYTES
            source = f"{int(medium.codec == 'aac')}:{kind[0]}:0"
            arguments += ["-map", source, "-c", "copy"]
            if in_band and medium.codec in IN_BAND:
                arguments += ["-bsf:v", IN_BAND[medium.codec]]
            # max_delay 0: one access unit a packet, as cameras do, instead of waiting for a full packet.
            arguments += ["-max_delay", "0", "-rtpflags", "skip_rtcp"]
            arguments += ["-type", "seqpacket", "-pkt_size", str(size), "-f", "rtp", f"unix:{folder / kind}"]
        async with ffmpeg_child(*arguments, "-sdp_file", str(folder / "sdp")) as child:
            receivers = [asyncio.create_task(_receive(listener)) for listener in listeners.values()]
            try:
                await finish(child)
                received = await asyncio.gather(*receivers)
            finally:
                for receiver in receivers:
                    receiver.cancel()
                await asyncio.gather(*receivers, return_exceptions=True)
        return (folder / "sdp").read_text(), dict(zip(listeners, received, strict=True))


async def _receive(listener: socket.socket) -> list[bytes]:
    loop = asyncio.get_running_loop()
    connection, _ = await loop.sock_accept(listener)
    packets: list[bytes] = []
    with connection:
        while packet := await loop.sock_recv(connection, RECEIVE_BYTES):
            packets.append(packet)
    return packets


def _tracks(description: str, kinds: Sequence[Kind]) -> tuple[RtpTrack, ...]:
    sections = re.split(r"^(?=m=)", description.replace("\r", ""), flags=re.MULTILINE)[1:]
    tracks = []
    for kind, section in zip(kinds, sections, strict=True):
        lines = [line for line in section.strip().split("\n") if not line.startswith(("c=", "a=control"))]
        payload_type = int(lines[0].rsplit(" ", 1)[1])
        rate = re.search(r"^a=rtpmap:\d+ [^/]+/(\d+)", section, re.MULTILINE)
        clock_rate = int(rate[1]) if rate else STATIC_CLOCKS[payload_type]
        tracks.append(RtpTrack(kind, payload_type, clock_rate, tuple(lines)))
    return tuple(tracks)


def _units(packets: Sequence[bytes]) -> list[_Unit]:
    headers = ((packet[1] >> 7 == 1, *struct.unpack_from("!I", packet, 4), packet[12:]) for packet in packets)
    return [
        _Unit(timestamp, tuple((marker, payload) for marker, _, payload in group))
        for timestamp, group in groupby(headers, key=lambda header: header[1])
    ]


def _tick_bytes(medium: _Medium, track: RtpTrack) -> int:
    """Return how many bytes one tick of the track's clock takes; 0 where that varies."""
    channels = re.search(r"a=rtpmap:\d+ [^/]+/\d+/(\d+)", "\n".join(track.sdp))
    count = int(channels[1]) if channels else 1 + (track.payload_type == STATIC_STEREO)
    return SAMPLE_BYTES.get(medium.codec, 0) * count


def _length(units: Sequence[_Unit], tick_bytes: int) -> int:
    """Return the ticks a track lasts, its last access unit counted whole."""
    spanned = max(_ticks_between(units[0].timestamp, unit.timestamp) for unit in units)
    if tick_bytes:
        return spanned + sum(len(payload) for _, payload in units[-1].packets) // tick_bytes
    steps = [_ticks_between(earlier.timestamp, later.timestamp) for earlier, later in pairwise(units)]
    return spanned + (mode(steps) if steps else 0)


def _bursts(track: RtpTrack, units: Sequence[_Unit], shift: int) -> list[RtpBurst]:
    bursts = []
    due = 0
    for unit in units:
        ticks = shift + _ticks_between(units[0].timestamp, unit.timestamp)
        # Reordered pictures carry earlier times than those before them; they are sent in decoding order.
        due = max(due, ticks)
        bursts.append(RtpBurst(track.kind, due / track.clock_rate, ticks, unit.packets))
    return bursts


def _ticks_between(earlier: int, later: int) -> int:
    """Return the signed distance of two 32-bit RTP times."""
    return ((later - earlier + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
