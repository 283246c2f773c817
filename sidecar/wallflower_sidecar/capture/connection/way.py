"""One way to a camera, tried with PyAV once: an address, a transport, and what is asked for."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
import time

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from ...domain.errors import CaptureCode, CaptureError
from ...domain.streams import AudioInfo, VideoInfo
from ..messages import LowerTransport, Pull
from .failures import opening_code
from .opening import Opening

READ_TIMEOUT_S = 5.0
"""How long a camera may be silent. When it runs out, libav may hand out what its parsers hold, as if it had come."""

_STEP_S = 14.0
"""libav opens in two steps, speaking RTSP and looking at the first packets; each may take this long."""

_LOOK_S = 2.0
"""How long libav looks for the first packet of a camera that is not asked to play."""

_LEAST_S = 0.1
_FASTEST_FPS = 240

_OPTIONS = {
    "protocol_whitelist": "rtsp,rtp,udp,tcp,tls",
    "analyzeduration": "500000",
    "probesize": "65536",
    "timeout": str(round(READ_TIMEOUT_S * 1_000_000)),
}
_MEDIA: dict[Pull, str] = {"all": "video+audio", "sound": "audio", "picture": "video"}


@dataclass(frozen=True, slots=True)
class Camera:
    """An open camera; only the thread that opened it may touch or close `container`."""

    container: InputContainer
    transport: LowerTransport
    pull: Pull
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


class NothingSentError(CaptureError):
    """The camera plays and reports, but sends none of what was asked for."""

    def __init__(self) -> None:
        super().__init__(CaptureCode.STALLED)


@dataclass(frozen=True, slots=True)
class Way:
    """How a camera is to be reached, until when (monotonic)."""

    location: str
    transport: LowerTransport
    tls: Mapping[str, str]
    deadline_s: float
    opening: Opening

    def open(self, pull: Pull) -> Camera:
        """Have it play; raises CaptureError where that was found to be in vain, else as libav does."""
        began_s = time.monotonic()
        left_s = min(_STEP_S, max(_LEAST_S, self.deadline_s - began_s))
        container = self._connect(pull, left_s)
        video = next((stream for stream in container.streams.video if stream.codec_context), None)
        audio = next((stream for stream in container.streams.audio if stream.codec_context), None)
        # libav says nothing of it when no packet comes.
        nothing_sent = time.monotonic() - began_s >= left_s
        if nothing_sent or (pull == "sound" and audio is not None and audio.start_time is None):
            container.close()
            raise NothingSentError if nothing_sent else CaptureError(CaptureCode.STALLED)
        return Camera(container, self.transport, pull, video, audio)

    def may_have_picture(self) -> bool:
        """Look at its description, and have it play nothing; False only where there is certainly none."""
        with suppress(av.FFmpegError):
            container = self._ask("picture", (_STEP_S, _LOOK_S), initial_pause="1")
            described = bool(container.streams)
            container.close()
            return described
        return True

    def _connect(self, pull: Pull, left_s: float) -> InputContainer:
        self.opening.begin()
        try:
            container = self._ask(pull, (left_s, READ_TIMEOUT_S))
        except av.FFmpegError as error:
            fault = self.opening.failed(opening_code(error))
            if fault is None:
                raise
            raise CaptureError(fault) from None
        finally:
            self.opening.end()
        if self.opening.fault is not None:
            container.close()
            raise CaptureError(self.opening.fault)
        return container

    def _ask(self, pull: Pull, timeout_s: tuple[float, float], **more: str) -> InputContainer:
        asked = {"allowed_media_types": _MEDIA[pull], "rtsp_transport": self.transport}
        options = {**_OPTIONS, **self.tls, **asked, **more}
        return av.open(self.location, format="rtsp", container_options=options, timeout=timeout_s)
