"""What can go wrong between Home Assistant and the sidecar."""

from dataclasses import dataclass


class WallflowerError(Exception):
    """The root of every error of the client; its text holds neither secrets nor anything that was said."""


class WallflowerConnectionError(WallflowerError):
    """The sidecar cannot be reached, or the connection broke."""


class WallflowerTimeoutError(WallflowerConnectionError):
    """The sidecar did not answer in time."""


class CertificateError(WallflowerConnectionError):
    """The sidecar shows another certificate than may be trusted; the text says why."""


class WallflowerProtocolError(WallflowerError):
    """The answer is not what the contract says."""


class NotWallflowerError(WallflowerProtocolError):
    """Something else than a Wallflower sidecar answers at this address."""


class ApiVersionError(WallflowerError):
    """The sidecar speaks another version of the contract; `found` is its own."""

    def __init__(self, found: int, supported: int) -> None:
        """Keep both versions."""
        super().__init__(f"The sidecar speaks API version {found}, this integration {supported}")
        self.found = found
        self.sidecar_is_older = found < supported


class WrongServerError(WallflowerError):
    """Another sidecar answers than the one that was joined."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One refused field of a request."""

    path: str
    message: str


class RequestRefusedError(WallflowerError):
    """The sidecar answered with a problem document; `detail` is its sentence for a person."""

    def __init__(self, status: int, code: str, detail: str = "", faults: tuple[FieldFault, ...] = ()) -> None:
        """Keep what the problem document says."""
        super().__init__(f"{code} ({status})")
        self.status = status
        self.code = code
        self.detail = detail
        self.faults = faults


class AuthenticationError(RequestRefusedError):
    """The token, or the pairing code, is not valid (401)."""


class ForbiddenError(RequestRefusedError):
    """The token is valid but may not do this (403)."""


class NotFoundError(RequestRefusedError):
    """There is no such stream (404)."""


class RateLimitedError(RequestRefusedError):
    """Too many wrong credentials came from this address (429)."""


class FormError(Exception):
    """One answer in a form cannot be right: its field, and the key of the sentence to show there."""

    def __init__(self, field: str, key: str) -> None:
        """Keep both."""
        super().__init__(f"{field}: {key}")
        self.field = field
        self.key = key
