"""Opening a camera with PyAV: which addresses and transports are tried, and what it offers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import time

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from ..domain.camera_url import CameraUrl
from ..domain.errors import CaptureCode, CaptureError
from ..domain.streams import AudioInfo, VideoInfo
from .failures import AMBIGUOUS, opening_code, transport_refused
from .messages import LowerTransport
from .network import Address, diagnose, numeric_location

READ_TIMEOUT_S = 6.0
"""Longer than the sidecar's stall watchdog: when it runs out, libav hands out what its parsers hold, as if packets
had come, and waits as long again."""

ATTEMPT_S = 14.0
_OPEN_TIMEOUT_S = 10.0
_FASTEST_FPS = 240

_OPTIONS = {
    "protocol_whitelist": "rtsp,rtp,udp,tcp,tls",
    "tls_verify": "0",  # cameras sign their certificates themselves
    "allowed_media_types": "video+audio",
    "analyzeduration": "500000",
    "probesize": "65536",
    "timeout": str(round(READ_TIMEOUT_S * 1_000_000)),
}


@dataclass(frozen=True, slots=True)
class Camera:
    """An open camera; only the thread that opened it may touch or close `container`."""

    container: InputContainer
    transport: LowerTransport
    video: VideoStream | None
    audio: AudioStream | None

    @property
    def video_info(self) -> VideoInfo | None:
        """The picture as announced."""
        if self.video is None:
            return None
        rate = self.video.average_rate or self.video.guessed_rate
        fps = float(rate) if rate and 0 < rate <= _FASTEST_FPS else None
        return VideoInfo(self.video.codec_context.name, self.video.width, self.video.height, fps)

    @property
    def audio_info(self) -> AudioInfo | None:
        """The sound as announced."""
        if self.audio is None:
            return None
        return AudioInfo(self.audio.codec_context.name, self.audio.rate)


def open_camera(
    url: CameraUrl,
    addresses: Sequence[Address],
    transports: Sequence[LowerTransport],
    *,
    cancelled: Callable[[], bool],
) -> Camera:
    """Try each address and transport in turn for at most 14 s; raises CaptureError."""
    deadline = time.monotonic() + ATTEMPT_S
    failure = CaptureError(CaptureCode.CONNECT_TIMEOUT)
    for address in addresses:
        for transport in transports:
            left_s = deadline - time.monotonic()
            if cancelled() or left_s <= 0:
                raise failure
            try:
                return _open(numeric_location(url, address), transport, min(left_s, _OPEN_TIMEOUT_S))
            except (av.FFmpegError, OSError) as error:
                failure = CaptureError(_telling_code(url, address, error))
                if not transport_refused(error):
                    break
        if failure.code not in (CaptureCode.CONNECTION_REFUSED, CaptureCode.CONNECT_TIMEOUT):
            break
    raise failure


def _open(location: str, transport: LowerTransport, timeout_s: float) -> Camera:
    container = av.open(
        location,
        format="rtsp",
        container_options={**_OPTIONS, "rtsp_transport": transport},
        timeout=(timeout_s, READ_TIMEOUT_S),
    )
    video = next((stream for stream in container.streams.video if stream.codec_context), None)
    audio = next((stream for stream in container.streams.audio if stream.codec_context), None)
    return Camera(container, transport, video, audio)


def _telling_code(url: CameraUrl, address: Address, error: Exception) -> CaptureCode:
    code = opening_code(error)
    if code in AMBIGUOUS and url.scheme == "rtsp":
        spoken_to = diagnose(url, address)
        if spoken_to is not None:
            return spoken_to
        if code is CaptureCode.NOT_RTSP:  # it does speak RTSP, so what it said was wrong
            bad_request = isinstance(error, av.error.HTTPBadRequestError)
            return CaptureCode.NOT_FOUND if bad_request else CaptureCode.CORRUPT_STREAM
    return code
