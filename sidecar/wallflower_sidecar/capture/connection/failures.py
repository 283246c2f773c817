"""Which capture error code stands for what went wrong; error texts are never used, they hold the address."""

import errno

import av

from ...domain.errors import CaptureCode

AMBIGUOUS = (CaptureCode.NOT_RTSP, CaptureCode.CONNECT_TIMEOUT, CaptureCode.EOF)
"""Codes of a failed opening that `diagnosis.diagnose` can tell apart."""

_UNREACHABLE = frozenset(
    {
        errno.ETIMEDOUT,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EHOSTDOWN,
        errno.ENETDOWN,
        errno.EADDRNOTAVAIL,
    }
)

_CODES: tuple[tuple[type[Exception], CaptureCode, CaptureCode], ...] = (
    (av.error.HTTPUnauthorizedError, CaptureCode.AUTH_FAILED, CaptureCode.AUTH_FAILED),
    (av.error.HTTPForbiddenError, CaptureCode.AUTH_FAILED, CaptureCode.AUTH_FAILED),
    (av.error.HTTPNotFoundError, CaptureCode.NOT_FOUND, CaptureCode.NOT_FOUND),
    (av.error.HTTPBadRequestError, CaptureCode.NOT_RTSP, CaptureCode.EOF),
    (av.error.HTTPClientError, CaptureCode.CONNECTION_REFUSED, CaptureCode.EOF),
    (av.error.HTTPError, CaptureCode.CONNECTION_REFUSED, CaptureCode.EOF),
    (av.error.EOFError, CaptureCode.EOF, CaptureCode.EOF),
    (av.error.ExitError, CaptureCode.CONNECT_TIMEOUT, CaptureCode.STALLED),
    (TimeoutError, CaptureCode.CONNECT_TIMEOUT, CaptureCode.STALLED),
    (ConnectionRefusedError, CaptureCode.CONNECTION_REFUSED, CaptureCode.EOF),
    (ConnectionError, CaptureCode.EOF, CaptureCode.EOF),
    (av.error.InvalidDataError, CaptureCode.NOT_RTSP, CaptureCode.CORRUPT_STREAM),
    (av.error.LookupError, CaptureCode.INTERNAL, CaptureCode.INTERNAL),
)


_ANSWERS = (av.error.HTTPClientError, av.error.HTTPServerError)
"""What the camera answered when that was no success, in libav's words."""


def opening_code(error: Exception) -> CaptureCode:
    """Return the code of an error raised while a camera was being opened."""
    return _code(error, opening=True)


def streaming_code(error: Exception) -> CaptureCode:
    """Return the code of an error raised while packets were being read."""
    return _code(error, opening=False)


def transport_refused(error: Exception) -> bool:
    """Whether the camera refused how packets were to travel (461), so that the other way is worth a try."""
    return isinstance(error, OSError) and error.errno == errno.EPROTONOSUPPORT


def part_refused(error: Exception) -> bool:
    """Whether the camera may have refused to play a part of what it has, so that the whole is worth a try."""
    if isinstance(error, ConnectionRefusedError):
        return False
    return answered_no(error) or isinstance(error, (av.error.EOFError, ConnectionError))


def answered_no(error: Exception) -> bool:
    """Whether the camera said that it will not, for a reason other than the password."""
    forbidden = isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError)
    return isinstance(error, _ANSWERS) and not forbidden


def _code(error: Exception, *, opening: bool) -> CaptureCode:
    for kind, while_opening, while_streaming in _CODES:
        if isinstance(error, kind):
            return while_opening if opening else while_streaming
    if isinstance(error, OSError):
        if transport_refused(error):
            return CaptureCode.CONNECTION_REFUSED
        if error.errno in _UNREACHABLE:
            return CaptureCode.CONNECT_TIMEOUT if opening else CaptureCode.EOF
        return CaptureCode.NOT_RTSP if opening else CaptureCode.EOF
    return CaptureCode.INTERNAL
