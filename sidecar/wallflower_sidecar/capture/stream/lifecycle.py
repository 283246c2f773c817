"""The course of one stream's sessions: begun, watched, switched, lost and tried again, and the state that shows."""

from ...domain.clock import Clock
from ...domain.errors import CaptureCode
from ...domain.streams import Stream, StreamState
from ..messages import Alive, Answered, Connecting, Ended, Growing, Opened, SessionReport, SpeechEdge, Spoken, Writing
from ..recording.orders import RecordingOrders
from .attempt import Attempt, Carrier
from .board import Board
from .handover import LEAD_S, Handover, Step
from .overheard import Overheard
from .pausing import Pausing
from .reopening import HANDOVER_S, Reopening
from .retry import Retry
from .sessions import Sessions
from .showing import Showing


class Lifecycle:
    """Keeps a session open while the stream is enabled; `tick` is called several times a second."""

    def __init__(
        self,
        stream: Stream,
        sessions: Sessions,
        *,
        handover: Handover,
        orders: RecordingOrders,
        overheard: Overheard,
        board: Board,
        retry: Retry,
        clock: Clock,
    ) -> None:
        """Be due at once when the stream is enabled."""
        self.stream = stream
        self.showing = Showing(board, sessions, orders, clock)
        self._sessions = sessions
        self._handover = handover
        self._orders = orders
        self._overheard = overheard
        self._board = board
        self._retry = retry
        self._clock = clock
        self._next = Reopening(board, retry, clock)
        self._pausing = Pausing(sessions, handover, self._next, board)
        if stream.enabled:
            self._next.at_once()

    @property
    def delivering(self) -> Attempt | None:
        """The session that delivers, if one does."""
        return self.showing.delivering

    @property
    def rests(self) -> bool:
        """Whether there is no session, as nothing that the camera has may be had now."""
        return self._pausing.rests

    def restart(self) -> None:
        """End the session and begin anew at once, all failures forgotten; a disabled stream comes to rest."""
        self._handover.forget()
        self._pausing.rests = False
        self._sessions.leave_for_good()
        wait_s = HANDOVER_S if self._sessions.all else 0.0
        self._next.anew(wait_s if self.stream.enabled else None)
        if self._sessions.all:
            self._board.enter(StreamState.STOPPING)
        elif not self.stream.enabled:
            self._board.clear(StreamState.IDLE)
        self.tick()

    def give_up(self, code: CaptureCode) -> None:
        """End whatever runs, and try again later."""
        self._sessions.leave_all()
        if self.stream.enabled and not self.rests:
            self._next.failed(code)

    def tick(self) -> None:
        """Do what time demands: the next attempt, the stall watchdog, a switch, a measure against a stuck session."""
        self._watch(self._clock.monotonic())
        self._pausing.look(enabled=self.stream.enabled)
        self._switch()
        self._sessions.escalate()
        if self._next.due and self._sessions.current is None:
            self._begin()

    def report(self, report: SessionReport) -> None:
        """Take in what one of this stream's sessions reports."""
        attempt = self._sessions.all.get(report.session)
        if attempt is None:
            return
        match report:
            case SpeechEdge() | Spoken():
                self._overheard.take(attempt, report)
            case Growing() if self._sessions.drafts_wanted:
                self._overheard.take(attempt, report)
            case Writing():
                self._orders.wrote(attempt, report)
                self.showing.recording()
            case Ended():
                self._ended(attempt, report)
                self.tick()
            case Connecting() if attempt is self._sessions.current and not self._next.hidden:
                self._board.enter(StreamState.CONNECTING)
            case Answered():
                self._retry.answered(attempt)
            case Opened() if attempt.ending is None:
                self._opened(attempt, report)
            case Alive() if attempt.ending is None:
                self._alive(attempt, report)

    def worker_died(self, line: Carrier) -> None:
        """Every session there is gone, mostly through no fault of the camera; one that hung counts as a failure."""
        gone = self._sessions.lost(line)
        for attempt in gone:
            self._forget(attempt)
        current, successor = self._sessions.current, self._sessions.successor
        if successor in gone:
            self._sessions.successor = None
            self._handover.postpone()
        struck = any(attempt.failure for attempt in gone) or (self._next.hidden and bool(gone))
        if current is not None and current in gone:
            if self._taken_over(current, CaptureCode.WORKER_DIED):
                return
            self._sessions.current = None
            self._next.lost(current)
            struck = True
        if struck and self._sessions.current is None and self.stream.enabled and not self.rests:
            self._next.interrupted(by_itself=any(attempt.cost_its_worker for attempt in gone))
        self._rest_when_quiet()

    def _begin(self) -> None:
        if self._next.held_up():
            return
        attempt = self._sessions.open(self.stream, self._handover.pull(None))
        if attempt is not None:
            self._retry.begun(attempt)
            self._orders.give([attempt])
            self._next.begun()

    def _watch(self, now_s: float) -> None:
        """Notice a session from which nothing comes, or that does not come back."""
        self._next.watch()
        current, successor = self._sessions.current, self._sessions.successor
        if successor is not None and (code := successor.silence(now_s)):
            self._sessions.leave_successor()
            self._handover.successor_failed(successor, code, current)
        if current is None:
            return
        if code := current.silence(now_s):
            current.failure = code
            self._handover.failed(current)
            if not self._taken_over(current, code):
                self._sessions.leave()
                self._board.fault(StreamState.STALLED, code)

    def _switch(self) -> None:
        """Change over to a session that fits what is needed now."""
        current, successor = self._sessions.current, self._sessions.successor
        if current is None or self.delivering is None:
            return
        lead_s = LEAD_S + self._orders.lead_s(current)
        match self._handover.step(current, successor, self._sessions.line, lead_s):
            case Step.OPEN:
                attempt = self._sessions.open_successor(self.stream, self._handover.pull(current))
                self._orders.give([attempt] if attempt else [])
            case Step.CLOSE_FIRST:
                self._sessions.leave()
                self._next.for_switch()
            case Step.HAND_OVER if successor is not None:
                self._hand_over(current, successor)
                self.showing.offer()
            case Step.GIVE_UP:
                self._sessions.leave_successor()
            case Step.FAIL if successor is not None:
                self._sessions.leave_successor()
                self._handover.successor_failed(successor, CaptureCode.NO_AUDIO, current)

    def _taken_over(self, lost: Attempt, code: CaptureCode) -> bool:
        """Let the successor, if there is one, take the place of a session that is lost."""
        successor = self._sessions.successor
        if successor is None:
            return False
        self._hand_over(lost, successor)
        if self.delivering is None:
            self._next.lost(lost)
            self._board.fault(StreamState.CONNECTING, code)
        else:
            self.showing.offer()
        return True

    def _hand_over(self, before: Attempt, after: Attempt) -> None:
        self._sessions.hand_over()
        self._orders.hand_over(before, after)

    def _opened(self, attempt: Attempt, report: Opened) -> None:
        attempt.opened = report
        self._retry.accepted(attempt)
        self._handover.opened(attempt)
        self._orders.give([attempt])
        if attempt is self._sessions.current:
            self._next.opened(attempt, report)
        self.showing.offer()

    def _alive(self, attempt: Attempt, report: Alive) -> None:
        first = attempt.last_packet_s is None
        attempt.alive(report, self._clock.monotonic())
        if first:
            self._sessions.worked(attempt)
            self._handover.delivered(attempt)
        if attempt is not self._sessions.current:
            return
        self._board.heard(report.level_dbfs)
        self._next.delivered()
        self.showing.delivery(attempt)

    def _ended(self, attempt: Attempt, report: Ended) -> None:
        self._forget(attempt)
        # Without a code its worker was told to stop, which is no failure of the session.
        code = CaptureCode(report.code) if report.code else None
        if attempt is self._sessions.successor:
            self._sessions.successor = None
            self._handover.successor_failed(attempt, code, self._sessions.current)
            if code is CaptureCode.AUTH_FAILED:
                self._retry.refused_second()
        elif attempt is self._sessions.current:
            attempt.failure = code
            if code is not None:
                self._handover.failed(attempt)
            if code is None or not self._taken_over(attempt, code):
                self._sessions.leave_successor()
                self._sessions.current = None
        overtaken = self._sessions.current is not None or self._board.status.state is StreamState.STOPPING
        if attempt.failure is not None and not overtaken and not self._handover.is_idle:
            self._next.lost(attempt)
            self._next.failed(attempt.failure, report.message)
        self._rest_when_quiet()

    def _forget(self, attempt: Attempt) -> None:
        self._sessions.ended(attempt)
        self._retry.gone(attempt)
        self._orders.ended(attempt)
        self._board.recording(writing=self._orders.writing)

    def _rest_when_quiet(self) -> None:
        """Once the last session asked to end has ended: be idle, or begin anew at once."""
        stopping = self._board.status.state is StreamState.STOPPING
        if self._sessions.all or not (stopping or self._next.hidden):
            return
        if self._next.wanted:
            self._next.at_once()
        elif stopping:
            self._board.clear(StreamState.IDLE)
