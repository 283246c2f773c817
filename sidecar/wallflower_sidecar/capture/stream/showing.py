"""What the board shows of sessions that deliver: what they offer, what is missing, what is recorded."""

from ...domain.clock import Clock
from ...domain.streams import StreamState
from ..recording.orders import RecordingOrders
from .attempt import Attempt
from .board import Board
from .sessions import Sessions


class Showing:
    """Brings what is known of the sessions onto the board."""

    def __init__(self, board: Board, sessions: Sessions, orders: RecordingOrders, clock: Clock) -> None:
        """Show nothing yet."""
        self._board = board
        self._sessions = sessions
        self._orders = orders
        self._clock = clock

    @property
    def delivering(self) -> Attempt | None:
        """The session that delivers, if one does."""
        current = self._sessions.current
        return current if current and current.delivers and self._board.status.state.delivers else None

    def offer(self) -> None:
        """Show what the current session brings, once that is known; no sound that is neither heard nor recorded."""
        current = self._sessions.current
        opened = current.opened if current else None
        has_sound = self._sessions.listens or self._orders.is_wanted
        if opened is not None:
            self._board.offered(opened.video, opened.audio if has_sound else None)
        elif not has_sound:
            self._board.offered(None, None)

    def delivery(self, attempt: Attempt) -> None:
        """Show that packets come, and what is missing or wrong with the disk."""
        if fault := self._orders.fault or attempt.lack(self._clock.monotonic()):
            self._board.fault(StreamState.DEGRADED, fault)
        else:
            self._board.clear(StreamState.STREAMING)

    def recording(self) -> None:
        """Show whether a file is written, and what keeps it from being so."""
        self._board.recording(writing=self._orders.writing)
        if attempt := self.delivering:
            self.delivery(attempt)
