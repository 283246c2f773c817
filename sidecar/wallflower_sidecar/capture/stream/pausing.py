"""A stream whose words nobody wants: what is fetched must be no more than its picture, from this moment on."""

from ...domain.streams import StreamState
from .board import Board
from .handover import Handover
from .reopening import HANDOVER_S, Reopening
from .sessions import Sessions


class Pausing:
    """Ends sessions that bring what may not be had any more, and begins one when there is something to have again."""

    def __init__(self, sessions: Sessions, handover: Handover, reopening: Reopening, board: Board) -> None:
        """Look after one stream's sessions."""
        self.rests = False
        """Whether there is nothing to have: then there is no session, and that is no error."""

        self._sessions = sessions
        self._handover = handover
        self._next = reopening
        self._board = board

    def look(self, *, enabled: bool) -> None:
        """Do what has become necessary."""
        rested, self.rests = self.rests, enabled and self._handover.is_idle
        current = self._sessions.current
        if self.rests and not rested:
            self._come_to_rest()
        elif rested and not self.rests and enabled:
            self._next.after(HANDOVER_S if self._sessions.all else 0.0)
        elif current is not None and self._handover.breaks(current):
            self._sessions.cut_short()
            self._next.for_switch()

    def _come_to_rest(self) -> None:
        self._sessions.cut_short()
        self._next.anew(None)
        if self._sessions.all:
            self._board.enter(StreamState.STOPPING)
        else:
            self._board.clear(StreamState.IDLE)
