"""The newest picture of a session, kept as packets and decoded only when somebody asks."""

from collections.abc import Sequence
from dataclasses import dataclass
import threading
from typing import Any, cast

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 8 * 1024 * 1024
"""Bytes of packets kept since a key frame; beyond it the picture stays at what is kept."""

FRESH_S = 2.0
"""A key frame younger than this is shown alone: decoding one picture instead of all since."""

_JPEG_QUALITY = 80
_SMALLEST_WIDTH = 16


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
        self._codec = codec
        self._extradata = extradata
        self._lock = threading.Lock()
        self._packets: list[bytes] = []
        self._bytes = 0
        self._key_at = 0.0

    def keep(self, packet: bytes, arrival_s: float, *, key: bool) -> None:
        """Take in the next packet (monotonic arrival); nothing is kept before the first key frame."""
        with self._lock:
            if key:
                self._packets.clear()
                self._bytes = 0
                self._key_at = arrival_s
            elif not self._packets or self._bytes + len(packet) > MAX_BYTES:
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
            return Picture(self._codec, self._extradata, tuple(packets))


def to_jpeg(picture: Picture, width: int | None) -> bytes | None:
    """Decode a picture and scale it down to `width` pixels; None when it cannot be decoded."""
    import cv2  # noqa: PLC0415 - 30 MB that a worker nobody asks for pictures does without

    cv2.setNumThreads(1)
    frame = _decode(picture)
    if frame is None:
        return None
    image: NDArray[Any] = frame.to_ndarray(format="bgr24")
    if width is not None and _SMALLEST_WIDTH <= width < frame.width:
        height = max(1, round(frame.height * width / frame.width))
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    written, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return np.asarray(jpeg).tobytes() if written else None


def size_of(picture: Picture) -> tuple[int, int] | None:
    """Return a picture's width and height by decoding it, None when it cannot be decoded."""
    frame = _decode(picture)
    return None if frame is None else (frame.width, frame.height)


def _decode(picture: Picture) -> VideoFrame | None:
    context = av.CodecContext.create(picture.codec, "r")
    if not isinstance(context, VideoCodecContext):
        return None
    context.thread_count = 1
    if picture.extradata:
        context.extradata = picture.extradata
    newest: VideoFrame | None = None
    for packet in _packets(picture.packets):
        try:
            newest = next(reversed(context.decode(packet)), newest)
        except av.FFmpegError:
            continue
    return newest


def _packets(parts: Sequence[bytes]) -> list[Packet[VideoStream] | None]:
    """The packets, and the None that makes a decoder give out what it holds back."""
    return [*(cast("Packet[VideoStream]", Packet(part)) for part in parts), None]
