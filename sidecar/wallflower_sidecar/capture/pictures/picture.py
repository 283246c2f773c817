"""The newest picture of a session, kept as packets and decoded only when somebody asks."""

from dataclasses import dataclass
import threading
from typing import cast

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from .jpeg import to_jpegs, width_of

MAX_BYTES = 8 * 1024 * 1024
"""Bytes of packets kept since a key frame; beyond it the picture stays at what is kept."""

FRESH_S = 2.0
"""A key frame younger than this is shown alone: decoding one picture instead of all since."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is needed to decode a picture: libav's codec name, its extradata, packets from a key frame on."""

    codec: str
    extradata: bytes | None
    packets: tuple[bytes, ...]


class NewestPicture:
    """Keeps the packets since the newest key frame; filled by the session's thread, read by others."""

    def __init__(self, codec: str, extradata: bytes | None) -> None:
        """Keep packets of this codec."""
        self.codec = codec
        self.extradata = extradata
        self._lock = threading.Lock()
        self._packets: list[bytes] = []
        self._bytes = 0
        self._key_at = 0.0
        self._whole = False

    def keep(self, packet: bytes, arrival_s: float, *, key: bool) -> None:
        """Take in the next packet (monotonic arrival); nothing is kept before the first key frame."""
        with self._lock:
            if key:
                self._packets.clear()
                self._bytes = 0
                self._key_at = arrival_s
                self._whole = True
            elif not self._whole or self._bytes + len(packet) > MAX_BYTES:
                self._whole = False
                return
            self._packets.append(packet)
            self._bytes += len(packet)

    def take(self, now_s: float) -> Picture | None:
        """Return the newest picture, None before the first key frame."""
        with self._lock:
            if not self._packets:
                return None
            alone = now_s - self._key_at < FRESH_S
            packets = self._packets[:1] if alone else self._packets
            return Picture(self.codec, self.extradata, tuple(packets))

    def since_key_frame(self) -> tuple[tuple[bytes, ...], bool]:
        """Return the packets kept, and whether they are all there were since the key frame."""
        with self._lock:
            return tuple(self._packets), self._whole


class PictureDecoder:
    """Decodes the packets of one codec; belongs to the thread that made it."""

    def __init__(self, codec: str, extradata: bytes | None) -> None:
        """Begin before a key frame; raises TypeError when the codec is none of pictures."""
        context = av.CodecContext.create(codec, "r")
        if not isinstance(context, VideoCodecContext):
            raise TypeError(f"{codec} is no codec of pictures")
        context.thread_count = 1
        if extradata:
            context.extradata = extradata
        self._context = context
        self._damaged = False

    def decode(self, packet: bytes) -> VideoFrame | None:
        """Return the newest picture that comes out; None when it is held back, or is damaged or built on such."""
        return self._decode(cast("Packet[VideoStream]", Packet(packet)))

    def finish(self) -> VideoFrame | None:
        """Return the newest of what is held back, and begin anew."""
        frame = self._decode(None)
        self.begin_anew()
        return frame

    def begin_anew(self) -> None:
        """Forget what came before; a key frame follows."""
        self._damaged = False
        if self._context.is_open:
            self._context.flush_buffers()

    def _decode(self, packet: Packet[VideoStream] | None) -> VideoFrame | None:
        try:
            frames = self._context.decode(packet)
        except av.FFmpegError:
            return None
        newest: VideoFrame | None = None
        for frame in frames:
            # libav paints over what it cannot read, and tells so of that picture, not of those built on it.
            self._damaged = frame.is_corrupt or (self._damaged and not frame.key_frame)
            if not self._damaged:
                newest = frame
        return newest


def to_jpeg(picture: Picture, width: int | None) -> bytes | None:
    """Decode a picture and scale it down to `width` pixels; None when it cannot be decoded."""
    frame = decode(picture)
    if frame is None:
        return None
    shown = width_of(frame, width)
    return to_jpegs(frame, (shown,)).get(shown)


def size_of(picture: Picture) -> tuple[int, int] | None:
    """Return a picture's width and height by decoding it, None when it cannot be decoded."""
    frame = decode(picture)
    return None if frame is None else (frame.width, frame.height)


def decode(picture: Picture) -> VideoFrame | None:
    """Return the newest frame of a picture, None when it cannot be decoded."""
    try:
        decoder = PictureDecoder(picture.codec, picture.extradata)
    except TypeError:
        return None
    newest: VideoFrame | None = None
    for packet in picture.packets:
        newest = decoder.decode(packet) or newest
    return decoder.finish() or newest
