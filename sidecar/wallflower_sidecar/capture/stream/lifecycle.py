"""The course of one stream's sessions: begun, watched, switched, lost and tried again, and the state that shows."""

from datetime import timedelta

from ...domain.clock import Clock
from ...domain.errors import CaptureCode
from ...domain.streams import Stream, StreamState
from ..messages import Alive, Connecting, Ended, Growing, Opened, SessionReport, SpeechEdge, Spoken, Writing
from ..recording.orders import RecordingOrders
from .attempt import Attempt, Carrier
from .board import Board
from .handover import LEAD_S, Handover, Step
from .overheard import Overheard
from .retry import Retry, Wait
from .sessions import Sessions

HANDOVER_S = 1.0
"""How long a new session waits for the old one to leave the camera."""

REOPENED_S = 5.0
"""How long a session that was closed for a switch may be missing until the state says so."""


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
        self._sessions = sessions
        self._handover = handover
        self._orders = orders
        self._overheard = overheard
        self._board = board
        self._retry = retry
        self._clock = clock
        self._due_s: float | None = clock.monotonic() if stream.enabled else None
        self._lost = False
        self._replacing = False

    @property
    def delivering(self) -> Attempt | None:
        """The session that delivers, if one does."""
        current = self._sessions.current
        return current if current and current.delivers and self._board.status.state.delivers else None

    def restart(self) -> None:
        """End the session and begin anew at once, all failures forgotten; a disabled stream comes to rest."""
        if self.stream.enabled:
            self._retry.reset()
        self._handover.forget()
        self._replacing = False
        now_s = self._clock.monotonic()
        self._sessions.leave()
        self._due_s = now_s + (HANDOVER_S if self._sessions.all else 0.0) if self.stream.enabled else None
        if self._sessions.all:
            self._board.enter(StreamState.STOPPING)
        elif not self.stream.enabled:
            self._board.clear(StreamState.IDLE)
        self.tick()

    def give_up(self, code: CaptureCode) -> None:
        """End whatever runs, and try again later."""
        self._replacing = False
        self._sessions.leave_all()
        if self.stream.enabled:
            self._fail(code)

    def tick(self) -> None:
        """Do what time demands: the next attempt, the stall watchdog, a switch, a measure against a stuck session."""
        now_s = self._clock.monotonic()
        self._watch(now_s)
        self._switch(now_s)
        self._sessions.escalate()
        due = self._due_s is not None and (now_s >= self._due_s or self._retry.is_released)
        if due and self._sessions.current is None:
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
                self.show()
            case Ended():
                self._ended(attempt, report)
                self.tick()
            case Connecting() if attempt is self._sessions.current and not attempt.replaces:
                self._board.enter(StreamState.CONNECTING)
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
        struck = any(attempt.failure for attempt in gone)
        if current is not None and current in gone:
            if self._taken_over(current, CaptureCode.WORKER_DIED):
                return
            self._sessions.current = None
            self._lost = self._lost or current.last_packet_s is not None or current.replaces
            struck = True
        if struck and self._sessions.current is None and self.stream.enabled:
            self._retry.interrupted()
            if any(attempt.cost_its_worker for attempt in gone):
                self._fail(CaptureCode.WORKER_DIED)
            else:
                self._due_s = self._clock.monotonic()
                self._board.fault(StreamState.BACKOFF, CaptureCode.WORKER_DIED)
        self._rest_when_quiet()

    def show(self) -> None:
        """Bring what is recorded, and what is wrong with the disk, onto the board."""
        self._board.recording(writing=self._orders.writing)
        if attempt := self.delivering:
            self._show_delivery(attempt)

    def _begin(self) -> None:
        if wait := self._retry.hold():
            self._replacing = False
            self._wait(wait, CaptureCode.AUTH_FAILED)
            return
        if self._due_s is not None:
            self._due_s = min(self._due_s, self._clock.monotonic())
            if self._retry.lets_another_try(self._due_s):
                return
        attempt = self._sessions.open(self.stream, self._handover.pull(None))
        if attempt is None:
            return
        self._due_s = None
        self._retry.begun(attempt)
        attempt.replaces, self._replacing = self._replacing, False
        self._orders.give([attempt])
        if not attempt.replaces:
            self._board.enter(StreamState.RESOLVING)

    def _watch(self, now_s: float) -> None:
        """Notice a session from which nothing comes."""
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
        elif current.replaces and now_s - current.began_s > REOPENED_S:
            current.replaces = False
            self._lost = True
            self._board.enter(StreamState.CONNECTING)

    def _switch(self, now_s: float) -> None:
        """Change over to a session that fits what is needed now."""
        current, successor = self._sessions.current, self._sessions.successor
        if current is None or self.delivering is None:
            return
        lead_s = LEAD_S + self._orders.look_back_s
        match self._handover.step(current, successor, self._sessions.line, lead_s):
            case Step.OPEN:
                attempt = self._sessions.open_successor(self.stream, self._handover.pull(current))
                self._orders.give([attempt] if attempt else [])
            case Step.CLOSE_FIRST:
                self._sessions.leave()
                self._replacing = True
                self._due_s = now_s + REOPENED_S
            case Step.HAND_OVER:
                self._sessions.hand_over()
                self._show_offer()
            case Step.GIVE_UP:
                self._sessions.leave_successor()
            case Step.FAIL if successor is not None:
                self._sessions.leave_successor()
                self._handover.successor_failed(successor, CaptureCode.NO_AUDIO, current)

    def _taken_over(self, lost: Attempt, code: CaptureCode) -> bool:
        """Let the successor, if there is one, take the place of a session that is lost."""
        if self._sessions.successor is None:
            return False
        self._overheard.broken_off(lost)
        self._sessions.hand_over()
        if self.delivering is None:
            self._lost = self._lost or lost.last_packet_s is not None
            self._board.fault(StreamState.CONNECTING, code)
        else:
            self._show_offer()
        return True

    def _opened(self, attempt: Attempt, report: Opened) -> None:
        attempt.opened = report
        self._retry.accepted(attempt)
        self._handover.opened(attempt)
        self._orders.give([attempt])
        if attempt is self._sessions.current:
            self._show_offer()

    def _alive(self, attempt: Attempt, report: Alive) -> None:
        first = attempt.last_packet_s is None
        attempt.alive(report, self._clock.monotonic())
        if first:
            self._sessions.worked(attempt)
            self._handover.delivered(attempt)
        if attempt is not self._sessions.current:
            return
        attempt.replaces = False
        self._retry.streaming()
        self._board.heard(report.level_dbfs)
        if self._lost:
            self._board.reconnected()
        self._lost = False
        self._show_delivery(attempt)

    def _show_delivery(self, attempt: Attempt) -> None:
        if fault := self._orders.fault or attempt.lack(self._clock.monotonic()):
            self._board.fault(StreamState.DEGRADED, fault)
        else:
            self._board.clear(StreamState.STREAMING)

    def _show_offer(self) -> None:
        opened = self._sessions.current.opened if self._sessions.current else None
        if opened is not None:
            self._board.offered(opened.video, opened.audio)

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
        if attempt.failure is not None and not overtaken:
            self._lost = self._lost or attempt.last_packet_s is not None or attempt.replaces
            self._fail(attempt.failure, report.message)
        self._rest_when_quiet()

    def _forget(self, attempt: Attempt) -> None:
        self._sessions.ended(attempt)
        self._retry.gone(attempt)
        self._orders.ended(attempt)
        self._board.recording(writing=self._orders.writing)

    def _fail(self, code: CaptureCode, message: str | None = None) -> None:
        """Wait as long as the retry says."""
        if code is CaptureCode.STALLED:
            self._board.fault(StreamState.STALLED, code)
        self._wait(self._retry.ended(code), code, message)

    def _wait(self, wait: Wait, code: CaptureCode, message: str | None = None) -> None:
        self._due_s = self._clock.monotonic() + wait.delay_s
        self._board.fault(wait.state, code, self._clock.now() + timedelta(seconds=wait.delay_s), message)

    def _rest_when_quiet(self) -> None:
        """Once the last session asked to end has ended: be idle, or begin anew at once."""
        if self._sessions.all or not (self._replacing or self._board.status.state is StreamState.STOPPING):
            return
        if self._due_s is None:
            self._board.clear(StreamState.IDLE)
        else:
            self._due_s = self._clock.monotonic()
