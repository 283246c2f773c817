"""A listener that cannot harm the capture: what it raises is logged and counted, and it can be told no more."""

from collections.abc import Callable
from datetime import datetime
import logging

from ...domain.recordings import SavedFile
from ...domain.streams import StreamError
from ...domain.transcripts import Utterance
from .status import CaptureListener, CaptureStatus

_LOGGER = logging.getLogger(__name__)


class GuardedListener:
    """Passes everything on until `muted`."""

    def __init__(self, listener: CaptureListener) -> None:
        """Pass on to `listener`."""
        self.muted = False
        self.failures = 0
        self._listener = listener

    def capture_changed(
        self, stream: str, status: CaptureStatus, *, error_raised: StreamError | None, recovered: bool
    ) -> None:
        """Pass on a change."""
        self._pass_on(
            lambda: self._listener.capture_changed(stream, status, error_raised=error_raised, recovered=recovered)
        )

    def speech_started(self, stream: str, utterance: str, at: datetime) -> None:
        """Pass on the beginning of speech."""
        self._pass_on(lambda: self._listener.speech_started(stream, utterance, at))

    def speech_ended(self, stream: str, utterance: str, at: datetime) -> None:
        """Pass on the end of speech."""
        self._pass_on(lambda: self._listener.speech_ended(stream, utterance, at))

    def utterance_growing(self, utterance: Utterance) -> None:
        """Pass on an utterance under way."""
        self._pass_on(lambda: self._listener.utterance_growing(utterance))

    def utterance_ready(self, utterance: Utterance) -> None:
        """Pass on an utterance."""
        self._pass_on(lambda: self._listener.utterance_ready(utterance))

    def recording_saved(self, stream: str, file: SavedFile) -> None:
        """Pass on a finished file."""
        self._pass_on(lambda: self._listener.recording_saved(stream, file))

    def _pass_on(self, call: Callable[[], None]) -> None:
        if self.muted:
            return
        try:
            call()
        except Exception:
            self.failures += 1
            _LOGGER.exception("a capture listener failed")
