"""Every error of libav and of the system has a code."""

import errno

import av
import pytest

from wallflower_sidecar.capture.connection.failures import answered_no, opening_code, part_refused, streaming_code
from wallflower_sidecar.domain.errors import CaptureCode

URL = "rtsp://user:secret@camera/"


def libav(code):
    with pytest.raises(av.FFmpegError) as caught:
        av.error.err_check(-code, URL)
    return caught.value


def system(number):
    return OSError(number, "text", URL)


@pytest.mark.parametrize(
    ("error", "opening", "streaming"),
    [
        (av.error.HTTPUnauthorizedError(1, ""), "auth_failed", "auth_failed"),
        (av.error.HTTPForbiddenError(1, ""), "auth_failed", "auth_failed"),
        (av.error.HTTPNotFoundError(1, ""), "not_found", "not_found"),
        (av.error.HTTPOtherClientError(1, ""), "connection_refused", "eof"),
        (av.error.HTTPServerError(1, ""), "connection_refused", "eof"),
        (av.error.ExitError(1, ""), "connect_timeout", "stalled"),
        (av.error.EOFError(1, ""), "eof", "eof"),
        (av.error.InvalidDataError(1, ""), "not_rtsp", "corrupt_stream"),
        (av.error.ProtocolNotFoundError(1, ""), "internal", "internal"),
        (libav(errno.ECONNREFUSED), "connection_refused", "eof"),
        (libav(errno.ETIMEDOUT), "connect_timeout", "stalled"),
        (libav(errno.ECONNRESET), "eof", "eof"),
        (libav(errno.EPIPE), "eof", "eof"),
        (libav(errno.EHOSTUNREACH), "connect_timeout", "eof"),
        (libav(errno.EPROTONOSUPPORT), "connection_refused", "connection_refused"),
        (libav(errno.EIO), "not_rtsp", "eof"),
        (system(errno.ENETUNREACH), "connect_timeout", "eof"),
        (ValueError("anything"), "internal", "internal"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_codes(error, opening, streaming):
    assert (opening_code(error), streaming_code(error)) == (CaptureCode(opening), CaptureCode(streaming))


@pytest.mark.parametrize(
    ("error", "said_no", "refused"),
    [
        (av.error.HTTPOtherClientError(1, ""), True, True),
        (av.error.HTTPBadRequestError(1, ""), True, True),
        (av.error.HTTPNotFoundError(1, ""), True, True),
        (av.error.HTTPServerError(1, ""), True, True),
        (av.error.EOFError(1, ""), False, True),
        (libav(errno.ECONNRESET), False, True),
        (av.error.HTTPUnauthorizedError(1, ""), False, False),
        (av.error.HTTPForbiddenError(1, ""), False, False),
        (av.error.ExitError(1, ""), False, False),
        (libav(errno.ECONNREFUSED), False, False),
        (libav(errno.ETIMEDOUT), False, False),
        (libav(errno.EPROTONOSUPPORT), False, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_may_be_a_refusal_of_a_part_alone_and_which_the_camera_gave_itself(error, said_no, refused):
    assert (answered_no(error), part_refused(error)) == (said_no, refused)
