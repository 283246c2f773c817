"""The sound of a recording: copied where MP4 carries the camera's codec, else encoded to AAC."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
import struct
from typing import Protocol, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from .packets import AudioTrack, Placed

_AAC_RATES = (7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_OPUS_RATE = 48_000
_BITS_A_SAMPLE = 3
"""Of encoded AAC, for each channel: 24 kb/s at 8 kHz, 48 kb/s at 16 kHz."""

_GAP_S = 0.1
_CHUNK_S = 1.0


@dataclass(frozen=True, slots=True)
class SoundPacket:
    """What goes into the file; times count in samples from the file's beginning."""

    data: bytes
    pts: int
    duration: int


class SoundTrack(Protocol):
    """One way to bring a camera's sound into a file."""

    @property
    def stream(self) -> AudioStream:
        """The file's stream."""

    def convert(self, packet: Placed, zero_s: float) -> Iterator[SoundPacket]:
        """What a packet becomes in a file that begins at `zero_s`."""

    def finish(self) -> Iterator[SoundPacket]:
        """What is left when the file ends."""


def sound_track(container: OutputContainer, track: AudioTrack) -> SoundTrack:
    """Add the sound to a file before its header is written."""
    if track.codec == "aac" and track.extradata and track.rate in _AAC_RATES:
        return _Copied(container, "aac", track.rate, track.layout, track.extradata)
    if track.codec == "opus":
        head = track.extradata or _opus_head(track)
        return _Copied(container, "libopus", _OPUS_RATE, track.layout, head)
    return _Encoded(container, track)


class _Copied:
    """An encoder is opened only to give the stream its shape; its head is replaced by the camera's."""

    def __init__(self, container: OutputContainer, codec: str, rate: int, layout: str, head: bytes) -> None:
        self.stream = cast("AudioStream", container.add_stream(codec, rate=rate, layout=layout))
        self.stream.codec_context.open()
        self.stream.codec_context.extradata = head
        self.stream.time_base = Fraction(1, rate)
        self._rate = rate

    def convert(self, packet: Placed, zero_s: float) -> Iterator[SoundPacket]:
        pts = round((packet.pts_s - zero_s) * self._rate)
        yield SoundPacket(packet.data, pts, round(packet.duration_s * self._rate))

    def finish(self) -> Iterator[SoundPacket]:
        return iter(())


class _Encoded:
    """Decoded, brought to a rate that AAC knows, and encoded; lost sound becomes silence, so that it stays in step."""

    def __init__(self, container: OutputContainer, track: AudioTrack) -> None:
        decoder = av.CodecContext.create(track.codec, "r")
        if not isinstance(decoder, AudioCodecContext):
            raise ValueError(f"{track.codec} is no codec of sound")  # noqa: TRY004 - a camera's fault, not a caller's
        decoder.sample_rate = track.rate
        decoder.layout = track.layout
        if track.extradata:
            decoder.extradata = track.extradata
        self._decoder = decoder
        self._rate = track.rate if track.rate in _AAC_RATES else _OPUS_RATE
        layout = "mono" if decoder.channels == 1 else "stereo"
        bit_rate = _BITS_A_SAMPLE * self._rate * (1 if layout == "mono" else 2)
        self.stream = container.add_stream("aac", rate=self._rate, layout=layout, bit_rate=bit_rate)
        self.stream.time_base = Fraction(1, self._rate)
        self._encoder = self.stream.codec_context
        self._encoder.open()
        self._resampler = AudioResampler("fltp", layout, self._rate, self._encoder.frame_size)
        self._begins = 0
        self._heard_s: float | None = None
        self._encoded = 0

    def convert(self, packet: Placed, zero_s: float) -> Iterator[SoundPacket]:
        at_s = packet.pts_s - zero_s
        if self._heard_s is None:
            self._heard_s = at_s
            self._begins = round(at_s * self._rate)
        if at_s < self._heard_s - _GAP_S:
            return
        for frame in self._decoder.decode(cast("Packet[AudioStream]", Packet(packet.data))):
            yield from self._fill(at_s, frame)
            yield from self._encode(frame)
            at_s = self._heard_s

    def _fill(self, until_s: float, like: AudioFrame) -> Iterator[SoundPacket]:
        """Put silence where sound was lost."""
        while self._heard_s is not None and until_s - self._heard_s > _GAP_S:
            samples = max(1, round(min(_CHUNK_S, until_s - self._heard_s) * like.sample_rate))
            silence = AudioFrame(like.format.name, like.layout.name, samples)
            for plane in silence.planes:
                plane.update(bytes(plane.buffer_size))
            silence.sample_rate = like.sample_rate
            yield from self._encode(silence)

    def finish(self) -> Iterator[SoundPacket]:
        if self._heard_s is not None:
            yield from self._encode(None)
            yield from self._packets(None)

    def _encode(self, frame: AudioFrame | None) -> Iterator[SoundPacket]:
        if frame is not None:
            self._heard_s = (self._heard_s or 0.0) + frame.samples / frame.sample_rate
            frame.pts = None
        for piece in self._resampler.resample(frame):
            piece.pts, piece.time_base = self._encoded, Fraction(1, self._rate)
            self._encoded += piece.samples
            yield from self._packets(piece)

    def _packets(self, piece: AudioFrame | None) -> Iterator[SoundPacket]:
        for packet in self._encoder.encode(piece):
            # What an encoder gives out before its first sample is its run-up.
            if packet.pts is not None and packet.pts >= 0:
                yield SoundPacket(bytes(packet), self._begins + packet.pts, self._encoder.frame_size)


def _opus_head(track: AudioTrack) -> bytes:
    """RFC 7845 5.1: version 1, channels, no pre-skip, the rate, no gain, mapping family 0."""
    channels = 1 if track.layout == "mono" else 2
    return b"OpusHead" + struct.pack("<BBHIhB", 1, channels, 0, _OPUS_RATE, 0, 0)
