"""Why there is no picture now, in a sentence for who asked for one."""

from typing import Protocol

from ...domain.errors import CaptureCode, UnavailableError
from ...domain.streams import Stream
from ..stream.attempt import Carrier
from ..stream.status import CaptureStatus

_BESIDES = frozenset({CaptureCode.NO_AUDIO, CaptureCode.DISK_FULL, CaptureCode.DISK_ERROR})
"""Errors that have nothing to do with the picture."""


class PictureSource(Protocol):
    """A stream that may have a picture."""

    @property
    def stream(self) -> Stream:
        """The camera as configured now."""

    @property
    def status(self) -> CaptureStatus:
        """What is known of it now."""

    @property
    def picture_session(self) -> int | None:
        """The session that brings its picture now, if one does."""

    @property
    def is_blind(self) -> bool:
        """Whether the camera delivers all it has, and that is no picture."""

    def use_picture(self) -> None:
        """Have the picture fetched from the camera, and keep it so for a while."""

    def line_of(self, session: int) -> Carrier | None:
        """The worker that one of its present sessions runs in."""


def refusal(source: PictureSource) -> UnavailableError | None:
    """Return why waiting for a picture is in vain; None when one may come."""
    if not source.stream.enabled:
        return UnavailableError("The stream is switched off, so there is no picture. Switch it on.")
    if source.is_blind:
        return UnavailableError("The stream has no picture: its camera sends sound alone.")
    return None


def no_picture(source: PictureSource, waited_s: float) -> UnavailableError:
    """Return why none came in the time that was waited."""
    if (certain := refusal(source)) is not None:
        return certain
    error = source.status.error
    if error is not None and error.code not in _BESIDES:
        return UnavailableError(f"There is no picture now. {error.message}")
    return UnavailableError(f"No picture came within {waited_s:g} s.")
