"""Opening a camera with PyAV: which addresses and transports are tried, and what it offers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
import time

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from ...domain.camera_certificate import ANY
from ...domain.camera_url import CameraUrl
from ...domain.errors import CaptureCode, CaptureError
from ...domain.streams import AudioInfo, VideoInfo
from ..messages import LowerTransport, Pull
from .failures import AMBIGUOUS, opening_code, part_refused, transport_refused
from .network import Address, diagnose, numeric_location
from .opening import Opening

READ_TIMEOUT_S = 5.0
"""How long a camera may be silent. When it runs out, libav may hand out what its parsers hold, as if it had come."""

ATTEMPT_S = 24.0
"""Within it a camera that takes 2 s for each answer opens, also after it has refused to give its sound alone. A camera
that does not answer at all is given up after `READ_TIMEOUT_S`."""

_STEP_S = 14.0
"""libav opens in two steps, speaking RTSP and looking at the first packets; each may take this long."""

_LEAST_S = 0.1
_FASTEST_FPS = 240

_OPTIONS = {
    "protocol_whitelist": "rtsp,rtp,udp,tcp,tls",
    "analyzeduration": "500000",
    "probesize": "65536",
    "timeout": str(round(READ_TIMEOUT_S * 1_000_000)),
}
_MEDIA: dict[Pull, str] = {"all": "video+audio", "sound": "audio"}


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


class _NothingSentError(CaptureError):
    """The camera plays and reports, but sends none of what was asked for."""

    def __init__(self) -> None:
        super().__init__(CaptureCode.STALLED)


def open_camera(
    url: CameraUrl,
    addresses: Sequence[Address],
    transports: Sequence[LowerTransport],
    *,
    pull: Pull = "all",
    certificate: str = ANY,
    cancelled: Callable[[], bool],
    opening: Opening,
) -> Camera:
    """Try each address and transport in turn for at most `ATTEMPT_S`; raises CaptureError.

    A camera that has no sound, or does not give it alone, is opened whole. Under TLS the media travel in it too.
    """
    deadline = time.monotonic() + ATTEMPT_S
    failure = CaptureError(CaptureCode.CONNECT_TIMEOUT)
    for address in addresses:
        for transport in ("tcp",) if url.scheme == "rtsps" else transports:
            if cancelled() or time.monotonic() >= deadline:
                raise failure
            try:
                with _tls(url, address, certificate) as tls:
                    way = _Way(numeric_location(url, address), transport, tls, deadline, opening)
                    return _open_asked(way, pull, cancelled)
            except CaptureError as error:
                failure = error
                if transport == "tcp" or error.code is not CaptureCode.STALLED:  # only datagrams are lost on the way
                    break
            except (av.FFmpegError, OSError) as error:
                failure = _failure(url, address, certificate, error)
                if not transport_refused(error):
                    break
        if failure.code not in (CaptureCode.CONNECTION_REFUSED, CaptureCode.CONNECT_TIMEOUT):
            break
    raise failure


def fingerprint(url: CameraUrl, addresses: Sequence[Address]) -> str | None:
    """Return the choice of certificate that means the one which a camera shows; None without TLS."""
    if url.scheme != "rtsps":
        return None
    from . import tls  # noqa: PLC0415 - OpenSSL beside libav's GnuTLS, which few cameras need

    return next((found for address in addresses if (found := tls.fingerprint(url, address))), None)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a camera is to be reached, until when (monotonic)."""

    location: str
    transport: LowerTransport
    tls: Mapping[str, str]
    deadline_s: float
    opening: Opening


def _open_asked(way: _Way, pull: Pull, cancelled: Callable[[], bool]) -> Camera:
    if pull == "sound":
        try:
            camera = _open(way, "sound")
        except av.FFmpegError as error:
            if cancelled() or not part_refused(error):
                raise
        except _NothingSentError:
            if cancelled():
                raise
        else:
            if camera.audio is not None:
                return camera
            camera.container.close()
    return _open(way, "all")


def _open(way: _Way, pull: Pull) -> Camera:
    began_s = time.monotonic()
    left_s = min(_STEP_S, max(_LEAST_S, way.deadline_s - began_s))
    container = _connect(way, pull, left_s)
    video = next((stream for stream in container.streams.video if stream.codec_context), None)
    audio = next((stream for stream in container.streams.audio if stream.codec_context), None)
    # libav says nothing of it when no packet comes.
    nothing_sent = time.monotonic() - began_s >= left_s
    if nothing_sent or (pull == "sound" and audio is not None and audio.start_time is None):
        container.close()
        raise _NothingSentError if nothing_sent else CaptureError(CaptureCode.STALLED)
    return Camera(container, way.transport, pull, video, audio)


def _connect(way: _Way, pull: Pull, left_s: float) -> InputContainer:
    """Let libav open the camera; raises CaptureError where it was found to be in vain."""
    options = {**_OPTIONS, **way.tls, "allowed_media_types": _MEDIA[pull], "rtsp_transport": way.transport}
    way.opening.begin()
    try:
        container = av.open(way.location, format="rtsp", container_options=options, timeout=(left_s, READ_TIMEOUT_S))
    except av.FFmpegError as error:
        fault = way.opening.failed(opening_code(error))
        if fault is None:
            raise
        raise CaptureError(fault) from None
    finally:
        way.opening.end()
    if way.opening.fault is not None:
        container.close()
        raise CaptureError(way.opening.fault)
    return container


@contextmanager
def _tls(url: CameraUrl, address: Address, certificate: str) -> Iterator[Mapping[str, str]]:
    if url.scheme != "rtsps" or certificate == ANY:
        yield {"tls_verify": "0"}
        return
    from .tls import checking  # noqa: PLC0415 - as above

    with checking(url, address, certificate) as options:
        yield options


def _failure(url: CameraUrl, address: Address, certificate: str, error: Exception) -> CaptureError:
    """Tell apart what libav does not."""
    code = opening_code(error)
    if code not in AMBIGUOUS:
        return CaptureError(code)
    if url.scheme == "rtsps":
        from .tls import refusal  # noqa: PLC0415 - as above

        refused = None if certificate == ANY else refusal(url, address, certificate)
        return refused or CaptureError(code)
    spoken_to = diagnose(url, address)
    if spoken_to is not None:
        return CaptureError(spoken_to)
    if code is CaptureCode.NOT_RTSP:  # it does speak RTSP, so what it said was wrong
        bad_request = isinstance(error, av.error.HTTPBadRequestError)
        return CaptureError(CaptureCode.NOT_FOUND if bad_request else CaptureCode.CORRUPT_STREAM)
    return CaptureError(code)
