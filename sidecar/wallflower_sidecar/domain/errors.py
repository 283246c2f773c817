"""Everything that can go wrong, each with a code and a sentence that says what to do."""

from enum import StrEnum


class CaptureCode(StrEnum):
    """Why a session cannot run or runs badly; part of the contract."""

    DNS_FAILED = "dns_failed"
    CONNECTION_REFUSED = "connection_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    AUTH_FAILED = "auth_failed"
    NOT_FOUND = "not_found"
    NOT_RTSP = "not_rtsp"
    NO_VIDEO = "no_video"
    NO_AUDIO = "no_audio"
    STALLED = "stalled"
    EOF = "eof"
    CODEC_CHANGED = "codec_changed"
    CORRUPT_STREAM = "corrupt_stream"
    DISK_FULL = "disk_full"
    DISK_ERROR = "disk_error"
    WORKER_DIED = "worker_died"
    INTERNAL = "internal"


CAPTURE_MESSAGES: dict[CaptureCode, str] = {
    CaptureCode.DNS_FAILED: "The camera's host name cannot be resolved. Check the name, or use its IP address.",
    CaptureCode.CONNECTION_REFUSED: "The camera refused the connection. Check the port and that RTSP is switched on.",
    CaptureCode.CONNECT_TIMEOUT: "The camera did not answer in time. Check that it is powered on and reachable.",
    CaptureCode.AUTH_FAILED: "The camera refused the user name or password.",
    CaptureCode.NOT_FOUND: "The camera has no stream at this path. Check the last part of the address.",
    CaptureCode.NOT_RTSP: "What answers at this address does not speak RTSP. Check the port.",
    CaptureCode.NO_VIDEO: "The stream has no picture. Sound goes on without it.",
    CaptureCode.NO_AUDIO: "The stream has no sound. Switch the microphone on in the camera's settings.",
    CaptureCode.STALLED: "The camera stopped sending without closing the connection.",
    CaptureCode.EOF: "The camera closed the connection.",
    CaptureCode.CODEC_CHANGED: "The camera changed its codec or picture size; the session was started anew.",
    CaptureCode.CORRUPT_STREAM: "The camera sends data that cannot be decoded.",
    CaptureCode.DISK_FULL: "The disk is full; recording is paused, listening goes on.",
    CaptureCode.DISK_ERROR: "The disk cannot be written; recording is paused, listening goes on.",
    CaptureCode.WORKER_DIED: "The capture process ended unexpectedly and is being started again.",
    CaptureCode.INTERNAL: "Something unexpected happened; the log has the cause.",
}


class WallflowerError(Exception):
    """The root of every error that is meant for a caller; its text is a sentence without secrets."""


class CaptureError(WallflowerError):
    """A session failed with a capture error code."""

    def __init__(self, code: CaptureCode, message: str | None = None) -> None:
        """Take the code's own sentence unless a better one is given."""
        super().__init__(message or CAPTURE_MESSAGES[code])
        self.code = code
        self.message = message


class TranscriberUnavailableError(WallflowerError):
    """No recogniser can work now; `code` says why (`no_model`, `bad_model`, `loading`, `died`, `timeout`)."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the sentence."""
        super().__init__(message)
        self.code = code


class FieldError(WallflowerError):
    """Bad input in one field; `path` is `keywords[0].phrases` or a parameter's name."""

    def __init__(self, path: str, message: str) -> None:
        """Keep the path beside the sentence."""
        super().__init__(message)
        self.path = path


class NotFoundError(WallflowerError):
    """What was asked for does not exist."""


class ConflictError(WallflowerError):
    """The request does not fit the present state."""


class UnavailableError(WallflowerError):
    """What was asked for cannot be had now; trying later may help."""
