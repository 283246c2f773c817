"""What is known of a stream's capture, and who is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ...domain.recordings import SavedFile
from ...domain.streams import AudioInfo, StreamError, StreamState, Transport, VideoInfo
from ...domain.transcripts import Utterance


@dataclass(frozen=True, slots=True)
class CaptureStatus:
    """The capture part of a StreamStatus; `last_packet` is when a packet was last reported (UTC)."""

    state: StreamState
    since: datetime
    error: StreamError | None = None
    next_retry_at: datetime | None = None
    reconnects: int = 0
    video: VideoInfo | None = None
    audio: AudioInfo | None = None
    speaking: bool = False
    recording: bool = False
    last_packet: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a camera offers."""

    video: VideoInfo | None
    audio: AudioInfo | None
    transport: Transport
    took_s: float
    certificate: str | None = None
    """The choice that accepts none but the certificate shown now; None without TLS."""


class CaptureListener(Protocol):
    """Called on the event loop; must not block."""

    def capture_changed(
        self, stream: str, status: CaptureStatus, *, error_raised: StreamError | None, recovered: bool
    ) -> None:
        """State, error, retry time, picture, sound (not its level) or recording changed; an error began or is over."""

    def speech_started(self, stream: str, utterance: str, at: datetime) -> None:
        """Somebody speaks since `at`."""

    def speech_ended(self, stream: str, utterance: str, at: datetime) -> None:
        """The last speech of the utterance was at `at`; exactly one for each start."""

    def utterance_growing(self, utterance: Utterance) -> None:
        """What was heard so far of an utterance under way; only of streams whose drafts are wanted."""

    def utterance_ready(self, utterance: Utterance) -> None:
        """A whole utterance was heard."""

    def recording_saved(self, stream: str, file: SavedFile) -> None:
        """A recorded file is finished and has its last name."""
