"""When a stream's next session is begun, and what shows until it delivers."""

from datetime import timedelta

from ...domain.clock import Clock
from ...domain.errors import CaptureCode
from ...domain.streams import StreamState
from ..messages import Opened
from .attempt import Attempt
from .board import Board
from .retry import Retry, Wait

HANDOVER_S = 1.0
"""How long a new session waits for the old one to leave the camera."""

REOPENED_S = 5.0
"""How long a session that was closed for a switch may be missing until the state says so."""


class Reopening:
    """The wait for the next session; pure but for what it puts on the board."""

    def __init__(self, board: Board, retry: Retry, clock: Clock) -> None:
        """Wait for nothing yet."""
        self._board = board
        self._retry = retry
        self._clock = clock
        self._due_s: float | None = None
        self._lost = False
        self._closed_s: float | None = None

    @property
    def wanted(self) -> bool:
        """Whether a next session is to be begun at all."""
        return self._due_s is not None

    @property
    def due(self) -> bool:
        """Whether it is to be begun now."""
        over = self._due_s is not None and self._clock.monotonic() >= self._due_s
        return over or (self.wanted and self._retry.is_released)

    @property
    def hidden(self) -> bool:
        """Whether the one before was well and only closed for the next: the state stays as it was."""
        return self._closed_s is not None

    def anew(self, wait_s: float | None) -> None:
        """Forget every failure and begin after so many seconds; None: do not begin."""
        self._closed_s = self._due_s = None
        if wait_s is not None:
            self._retry.reset()
            self.after(wait_s)

    def at_once(self) -> None:
        """Wait no longer."""
        self.after(0.0)

    def after(self, wait_s: float) -> None:
        """Begin after so many seconds."""
        self._due_s = self._clock.monotonic() + wait_s

    def for_switch(self) -> None:
        """A session that is well is being closed for the next, which waits a while for the camera to be free."""
        self._closed_s = self._clock.monotonic()
        self._due_s = self._closed_s + REOPENED_S

    def held_up(self) -> bool:
        """Whether what is known of its credentials keeps the next session from being begun now."""
        if wait := self._retry.hold():
            self._unhide()
            self._wait(wait, CaptureCode.AUTH_FAILED)
            return True
        now_s = self._clock.monotonic()
        self._due_s = now_s if self._due_s is None else min(self._due_s, now_s)
        return self._retry.lets_another_try(self._due_s)

    def begun(self) -> None:
        """The next session was begun."""
        self._due_s = None
        if not self.hidden:
            self._board.enter(StreamState.RESOLVING)

    def watch(self) -> None:
        """Say so when a session that was closed for a switch has been missing for too long."""
        if self._closed_s is not None and self._clock.monotonic() - self._closed_s > REOPENED_S:
            self._unhide()
            self._board.enter(StreamState.CONNECTING)

    def lost(self, attempt: Attempt) -> None:
        """A session is gone; if it delivered, or was to take the place of one that did, the next is a reconnect."""
        self._unhide()
        self._lost = self._lost or attempt.last_packet_s is not None

    def opened(self, attempt: Attempt, report: Opened) -> None:
        """See in what the camera offers now why the one before was lost."""
        error = self._board.status.error
        if self._lost and self._board.is_other(report.video, report.audio):
            self._board.fault(StreamState.CONNECTING, CaptureCode.CODEC_CHANGED)
        elif error is not None and error.code in {CaptureCode.NO_AUDIO, CaptureCode.NO_VIDEO}:
            attempt.missing = CaptureCode(error.code)

    def delivered(self) -> None:
        """Packets came."""
        self._retry.streaming()
        if self._lost:
            self._board.reconnected()
        self._lost = False
        self._closed_s = None

    def failed(self, code: CaptureCode, message: str | None = None) -> None:
        """Wait as long as the retry says."""
        self._unhide()
        if code is CaptureCode.STALLED:
            self._board.fault(StreamState.STALLED, code)
        self._wait(self._retry.ended(code), code, message)

    def interrupted(self, *, by_itself: bool) -> None:
        """The worker died: begin again at once, unless the session hung and cost it its life."""
        self._unhide()
        self._retry.interrupted()
        if by_itself:
            self.failed(CaptureCode.WORKER_DIED)
        else:
            self.at_once()
            self._board.fault(StreamState.BACKOFF, CaptureCode.WORKER_DIED)

    def _unhide(self) -> None:
        self._lost = self._lost or self.hidden
        self._closed_s = None

    def _wait(self, wait: Wait, code: CaptureCode, message: str | None = None) -> None:
        self._due_s = self._clock.monotonic() + wait.delay_s
        self._board.fault(wait.state, code, self._clock.now() + timedelta(seconds=wait.delay_s), message)
