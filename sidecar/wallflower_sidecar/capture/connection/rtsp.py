"""Opening a camera: which addresses and transports are tried, and what is asked for when a part is refused."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
import time

import av

from ...domain.camera_certificate import ANY
from ...domain.camera_url import CameraUrl
from ...domain.errors import CaptureCode, CaptureError
from ..messages import LowerTransport, Pull
from .failures import AMBIGUOUS, answered_no, opening_code, part_refused, transport_refused
from .network import Address, diagnose, numeric_location
from .opening import Opening
from .way import Camera, NothingSentError, Way

ATTEMPT_S = 24.0
"""Within it a camera that takes 2 s for each answer opens, also after it has refused to give its sound alone. A camera
that does not answer at all is given up after `READ_TIMEOUT_S`."""


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

    A camera that has no sound, or does not give it or its picture alone, is opened whole; one that has no picture is
    not, where that was asked for. Under TLS the media travel in it too.
    """
    deadline = time.monotonic() + ATTEMPT_S
    failure = CaptureError(CaptureCode.CONNECT_TIMEOUT)
    for address in addresses:
        for transport in ("tcp",) if url.scheme == "rtsps" else transports:
            if cancelled() or time.monotonic() >= deadline:
                raise failure
            try:
                with _tls(url, address, certificate) as tls:
                    way = Way(numeric_location(url, address), transport, tls, deadline, opening)
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


def _open_asked(way: Way, pull: Pull, cancelled: Callable[[], bool]) -> Camera:
    match pull:
        case "sound":
            camera = _open_alone(way, pull, part_refused, cancelled)
            if camera is not None and camera.audio is not None:
                return camera
            if camera is not None:
                camera.container.close()
        case "picture":
            camera = _open_alone(way, pull, answered_no, cancelled)
            if camera is None and way.may_have_picture() and not cancelled():
                camera = way.open("all")
            if camera is not None and camera.video is not None:
                return camera
            if camera is not None:
                camera.container.close()
            raise CaptureError(CaptureCode.NO_VIDEO)
    return way.open("all")


def _open_alone(
    way: Way, part: Pull, refused: Callable[[Exception], bool], cancelled: Callable[[], bool]
) -> Camera | None:
    """Open a camera for one part of what it has; None where it does not give that alone."""
    try:
        return way.open(part)
    except av.FFmpegError as error:
        if cancelled() or not refused(error):
            raise
    except NothingSentError:
        if cancelled():
            raise
    return None


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
