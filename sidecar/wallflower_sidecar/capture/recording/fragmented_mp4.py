"""A session's packets as fragmented MP4 (ISO/IEC 14496-12 8.8), made in memory.

The picture is copied, as are AAC and Opus. What MP4 does not carry or players do not know (G.711, L16, AAC without its
configuration) is encoded to AAC: sound only, the picture is never encoded anew. Nothing here touches a disk, so a
disk's fault never reaches libav, and what `take` returns are whole fragments: a file cut between two plays.
"""

from collections.abc import Iterable
from fractions import Fraction
import io
from typing import cast

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from .packets import AudioTrack, Placed
from .parameter_sets import ANNEX_B
from .sound_track import SoundPacket, SoundTrack, sound_track

FRAGMENT_S = 2.0
"""No packet waits longer for the disk, however far apart the key frames are. A crash loses as much."""

_LEAST_FRAGMENT_S = 0.9
"""Cameras whose every picture is a key frame do not get a fragment for each."""

_INTERLEAVE_S = 1.0
"""How long a packet waits for the other track's; libav's own is 10 s."""

_OPTIONS = {
    "movflags": "frag_keyframe+empty_moov+default_base_moof",
    "frag_duration": str(round(FRAGMENT_S * 1_000_000)),
    "min_frag_duration": str(round(_LEAST_FRAGMENT_S * 1_000_000)),
    "max_interleave_delta": str(round(_INTERLEAVE_S * 1_000_000)),
    "flush_packets": "1",
}
_BUFFER_BYTES = 1 << 17
_VIDEO_RATE = 90_000
_RAW_FORMATS = {"h264": "h264", "hevc": "hevc", "mjpeg": "mjpeg", "mpeg4": "m4v"}
RECORDABLE = frozenset(_RAW_FORMATS)
"""Codecs of pictures that are written; of a camera with another one the sound is."""


class PictureFormat:
    """What a file's head says of the picture, found out from a key frame; belongs to the thread that made it."""

    def __init__(self, codec: str, parameters: bytes | None, key_frame: bytes) -> None:
        """Read a key frame, its parameter sets put before it; raises av.FFmpegError when it is none."""
        self.codec = codec
        self.parameters = parameters
        elementary = io.BytesIO((parameters or b"" if codec in ANNEX_B else b"") + key_frame)
        self._container = cast("InputContainer", av.open(elementary, format=_RAW_FORMATS[codec]))
        self.stream = self._container.streams.video[0]
        if not self.stream.codec_context.width:
            self._container.close()
            raise ValueError("a key frame without a size")

    def close(self) -> None:
        """Let go of it."""
        self._container.close()


class FragmentedMp4:
    """One file being made; belongs to one thread. Raises av.FFmpegError or ValueError for what cannot be muxed."""

    def __init__(self, picture: PictureFormat | None, sound: AudioTrack | None, zero_s: float) -> None:
        """Begin a file at this moment of the session's line; `take` returns its head."""
        self._zero_s = zero_s
        self._sink = _Sink()
        self._container = av.open(self._sink, "w", format="mp4", container_options=_OPTIONS, buffer_size=_BUFFER_BYTES)
        self._video = None if picture is None else _picture_stream(self._container, picture)
        self._audio: SoundTrack | None = None if sound is None else sound_track(self._container, sound)
        self._last = {"video": -1, "audio": -1}
        self._finished = False
        self._container.start_encoding()

    def write(self, packet: Placed) -> None:
        """Append a packet; sound from before the beginning is left out."""
        if packet.dts_s < self._zero_s:
            return
        if packet.kind == "video" and self._video is not None:
            self._write_video(packet, self._video)
        elif packet.kind == "audio" and self._audio is not None:
            self._write_audio(packet, self._audio)

    def take(self) -> bytes:
        """Return the fragments that were completed since the last call."""
        return self._sink.take()

    def finish(self) -> bytes:
        """End the file and return the rest of it."""
        try:
            if self._audio is not None and not self._finished:
                self._write_sound(self._audio, self._audio.finish())
        finally:
            self._finished = True
            self._container.close()
        return self._sink.take()

    def _write_video(self, packet: Placed, stream: VideoStream) -> None:
        dts = self._upward("video", round((packet.dts_s - self._zero_s) * _VIDEO_RATE))
        out = Packet(packet.data)
        out.stream = stream
        out.time_base = Fraction(1, _VIDEO_RATE)
        out.dts = dts
        out.pts = max(dts, round((packet.pts_s - self._zero_s) * _VIDEO_RATE))
        out.duration = round(packet.duration_s * _VIDEO_RATE)
        out.is_keyframe = packet.key
        self._container.mux_one(out)

    def _write_audio(self, packet: Placed, track: SoundTrack) -> None:
        self._write_sound(track, track.convert(packet, self._zero_s))

    def _write_sound(self, track: SoundTrack, sounds: Iterable[SoundPacket]) -> None:
        time_base = track.stream.time_base
        for sound in sounds:
            out = Packet(sound.data)
            out.stream = track.stream
            out.time_base = time_base
            out.pts = out.dts = self._upward("audio", sound.pts)
            out.duration = sound.duration
            out.is_keyframe = True
            self._container.mux_one(out)

    def _upward(self, kind: str, ticks: int) -> int:
        self._last[kind] = max(ticks, self._last[kind] + 1)
        return self._last[kind]


class _Sink:
    """What libav writes into."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _picture_stream(container: OutputContainer, picture: PictureFormat) -> VideoStream:
    stream = container.add_stream_from_template(picture.stream, opaque=True)
    if picture.codec == "hevc":
        stream.codec_context.codec_tag = "hvc1"  # parameter sets in the head alone, which Apple's players insist on
    stream.time_base = Fraction(1, _VIDEO_RATE)
    return stream
