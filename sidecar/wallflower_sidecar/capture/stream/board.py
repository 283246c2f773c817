"""A stream's capture status: kept, and told to the listener when something in it changed that people see."""

from dataclasses import replace
from datetime import datetime

from ...domain.clock import Clock
from ...domain.errors import CAPTURE_MESSAGES, CaptureCode
from ...domain.streams import AudioInfo, StreamError, StreamState, VideoInfo
from .status import CaptureListener, CaptureStatus


class Board:
    """The one place where a stream's CaptureStatus changes."""

    def __init__(self, stream: str, listener: CaptureListener, clock: Clock) -> None:
        """Begin idle, without an error."""
        self.status = CaptureStatus(StreamState.IDLE, clock.now())
        self._stream = stream
        self._listener = listener
        self._clock = clock

    def enter(self, state: StreamState) -> None:
        """Change the state; what was wrong is still wrong."""
        self._change(state, self.status.error, None)

    def clear(self, state: StreamState) -> None:
        """Change the state; nothing is wrong any more."""
        self._change(state, None, None)

    def fault(
        self, state: StreamState, code: CaptureCode, retry_at: datetime | None = None, message: str | None = None
    ) -> None:
        """Change the state because of `code`; the same fault again is not a new error, unless its `message` is."""
        error = self.status.error
        sentence = message or CAPTURE_MESSAGES[code]
        if error is None or (error.code, error.message) != (code, sentence):
            error = StreamError(code.value, sentence, self._clock.now())
        self._change(state, error, retry_at)

    def offered(self, video: VideoInfo | None, audio: AudioInfo | None) -> None:
        """A session was opened; the picture stays as last seen where there is none, or none known yet."""
        before = self.status
        known = video if video is not None and video.width else before.video
        if audio is not None and before.audio is not None:
            audio = replace(audio, level_dbfs=before.audio.level_dbfs)
        self.status = replace(before, video=known, audio=audio)
        silenced = audio is None and before.audio is not None
        sounds = audio is not None and before.audio is None
        if silenced or (before.state.delivers and (sounds or known != before.video)):
            self._tell(before)

    def is_other(self, video: VideoInfo | None, audio: AudioInfo | None) -> bool:
        """Whether an offer is of another codec, rate or size than what was known."""
        seen, heard = self.status.video, self.status.audio
        if seen and video:
            resized = video.width and (seen.width, seen.height) != (video.width, video.height)
            if resized or seen.codec != video.codec:
                return True
        if heard and audio:
            return (heard.codec, heard.sample_rate) != (audio.codec, audio.sample_rate)
        return False

    def heard(self, level_dbfs: float | None) -> None:
        """Packets arrived; nobody is told."""
        audio = self.status.audio
        if audio is not None and level_dbfs is not None:
            audio = replace(audio, level_dbfs=round(level_dbfs, 1))
        self.status = replace(self.status, audio=audio, last_packet=self._clock.now())

    def recording(self, *, writing: bool) -> None:
        """A file is being written, or none any more."""
        before = self.status
        if before.recording != writing:
            self.status = replace(before, recording=writing)
            self._tell(before)

    def reconnected(self) -> None:
        """A session that was lost is back."""
        self.status = replace(self.status, reconnects=self.status.reconnects + 1)

    def _change(self, state: StreamState, error: StreamError | None, retry_at: datetime | None) -> None:
        before = self.status
        if (before.state, before.error, before.next_retry_at) == (state, error, retry_at):
            return
        since = before.since if before.state is state else self._clock.now()
        audio = before.audio
        if audio is not None and not state.delivers:
            audio = replace(audio, level_dbfs=None)
        self.status = replace(before, state=state, since=since, error=error, next_retry_at=retry_at, audio=audio)
        self._tell(before)

    def _tell(self, before: CaptureStatus) -> None:
        error = self.status.error
        self._listener.capture_changed(
            self._stream,
            self.status,
            error_raised=error if error is not None and error is not before.error else None,
            recovered=error is None and before.error is not None,
        )
