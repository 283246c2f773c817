"""The capture of one stream as the sidecar sees it: its state, its sessions, its retries. No I/O, no tasks."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from ..domain.clock import Clock
from ..domain.errors import CaptureCode
from ..domain.streams import Stream, StreamState, Transport
from .attempt import Attempt
from .board import Board
from .escalation import Escalation, Measure
from .messages import (
    Alive,
    Close,
    Command,
    Connecting,
    Ended,
    Growing,
    LowerTransport,
    Opened,
    Pull,
    SessionReport,
    Shut,
    SpeechEdge,
    Spoken,
    WantDrafts,
)
from .overheard import Overheard
from .retry import Retry
from .status import CaptureStatus
from .telling import GuardedListener

HANDOVER_S = 1.0
"""How long a new session waits for the old one to leave the camera."""


class Line(Protocol):
    """The way to the worker that this stream's sessions run in."""

    def open(
        self, owner: StreamCapture, url: str, transports: tuple[LowerTransport, ...], pull: Pull = "all"
    ) -> int | None:
        """Start a session whose reports go to `owner`; None when the worker is down."""

    def send(self, command: Command) -> bool:
        """Send a command; False when the worker is down."""

    def kill(self, reason: str) -> None:
        """End the worker with all its sessions; it starts again."""


class StreamCapture:
    """Keeps a session open while the stream is enabled; `tick` is called several times a second."""

    def __init__(self, stream: Stream, line: Line, listener: GuardedListener, clock: Clock, retry: Retry) -> None:
        """Be due at once when the stream is enabled."""
        self.stream = stream
        self.quiet = asyncio.Event()
        self.quiet.set()
        self._line = line
        self._listener = listener
        self._clock = clock
        self._retry = retry
        self._attempts: dict[int, Attempt] = {}
        self._current: Attempt | None = None
        self._due_s: float | None = clock.monotonic() if stream.enabled else None
        self._board = Board(stream.id, listener, clock)
        self._overheard = Overheard(stream.id, listener, clock)
        self._transport: LowerTransport = "tcp"
        self._lost = False
        self._drafts_wanted = False

    @property
    def status(self) -> CaptureStatus:
        """What is known now."""
        speaking = any(attempt.speaking for attempt in self._attempts.values())
        return replace(self._board.status, speaking=speaking)

    @property
    def session(self) -> int | None:
        """The session that delivers, if one does."""
        return self._current.session if self._current and self._board.status.state.delivers else None

    @property
    def has_picture(self) -> bool:
        """Whether the present session brings a picture."""
        opened = self._current.opened if self._current else None
        return opened is not None and opened.video is not None

    def mute(self) -> None:
        """Tell nobody anything more."""
        self._listener.muted = True

    def want_drafts(self, *, wanted: bool) -> None:
        """Have utterances under way handed over too, or no longer; the sessions go on."""
        if wanted != self._drafts_wanted:
            self._drafts_wanted = wanted
            for session in self._attempts:
                self._line.send(WantDrafts(session, wanted))

    def change(self, stream: Stream) -> None:
        """Take up a new configuration; the session is restarted only where it must be."""
        before, self.stream = self.stream, stream
        if stream.needs_new_session(before):
            self._transport = "tcp"
            self.restart()

    def restart(self) -> None:
        """End the session and begin anew at once, all failures forgotten; a disabled stream comes to rest."""
        self._retry.reset()
        now_s = self._clock.monotonic()
        self._leave()
        self._due_s = now_s + (HANDOVER_S if self._attempts else 0.0) if self.stream.enabled else None
        if self._attempts:
            self._board.enter(StreamState.STOPPING)
        elif not self.stream.enabled:
            self._board.clear(StreamState.IDLE)
        self.tick()

    def stop(self) -> None:
        """End every session for good; `quiet` is set when none is left."""
        self.stream = replace(self.stream, enabled=False)
        self.restart()

    def tick(self) -> None:
        """Do what time demands: the next attempt, the stall watchdog, the next measure against a stuck session."""
        now_s = self._clock.monotonic()
        if self._current is not None and (code := self._current.silence(now_s)):
            self._current.failure = code
            self._leave()
            self._board.fault(StreamState.STALLED, code)
        for attempt in tuple(self._attempts.values()):
            if attempt.ending and (measure := attempt.ending.due(now_s)):
                self._take(measure, attempt)
        if self._due_s is not None and now_s >= self._due_s and self._current is None:
            self._begin(now_s)

    def report(self, report: SessionReport) -> None:
        """Take in what one of this stream's sessions reports."""
        attempt = self._attempts.get(report.session)
        if attempt is None:
            return
        match report:
            case SpeechEdge():
                self._overheard.edge(attempt, report)
            case Spoken():
                self._overheard.whole(report)
            case Growing() if self._drafts_wanted:
                self._overheard.growing(report)
            case Ended():
                self._ended(attempt, report)
                self.tick()
            case Connecting() if attempt is self._current:
                self._board.enter(StreamState.CONNECTING)
            case Opened() if attempt is self._current:
                attempt.opened = report
                self._board.offered(report.video, report.audio)
            case Alive() if attempt is self._current:
                self._alive(attempt, report)

    def worker_died(self) -> None:
        """Every session is gone, through no fault of the camera."""
        attempts, self._attempts = self._attempts, {}
        current, self._current = self._current, None
        for attempt in attempts.values():
            self._overheard.broken_off(attempt)
        self.quiet.set()
        if current is not None:
            self._lost = self._lost or current.last_packet_s is not None
        if current is not None or any(attempt.failure for attempt in attempts.values()):
            self._retry.interrupted()
            self._due_s = self._clock.monotonic()
            self._board.fault(StreamState.BACKOFF, CaptureCode.WORKER_DIED)
        self._rest_when_quiet()

    def _begin(self, now_s: float) -> None:
        session = self._line.open(self, self.stream.url, self._transports())
        if session is None:
            return
        self._current = self._attempts[session] = Attempt(session, now_s)
        self.quiet.clear()
        self._due_s = None
        if self._drafts_wanted:
            self._line.send(WantDrafts(session, wanted=True))
        self._board.enter(StreamState.RESOLVING)

    def _transports(self) -> tuple[LowerTransport, ...]:
        match self.stream.transport:
            case Transport.TCP:
                return ("tcp",)
            case Transport.UDP:
                return ("udp",)
            case _:
                return ("udp", "tcp") if self._transport == "udp" else ("tcp", "udp")

    def _leave(self) -> None:
        """Begin to end the current session."""
        if self._current is not None:
            self._current.ending = Escalation(self._clock.monotonic())
            self._current = None

    def _take(self, measure: Measure, attempt: Attempt) -> None:
        match measure:
            case Measure.ASK:
                self._line.send(Close(attempt.session))
            case Measure.SHUT:
                self._line.send(Shut(attempt.session))
            case Measure.KILL:
                self._line.kill("a session cannot be ended")

    def _alive(self, attempt: Attempt, report: Alive) -> None:
        now_s = self._clock.monotonic()
        first = attempt.last_packet_s is None
        attempt.alive(report, now_s)
        self._board.heard(report.level_dbfs)
        if first:
            self._retry.streaming()
            if self._lost:
                self._board.reconnected()
            self._lost = False
            if attempt.opened is not None:
                self._transport = attempt.opened.transport
        if lack := attempt.lack(now_s):
            self._board.fault(StreamState.DEGRADED, lack)
        else:
            self._board.clear(StreamState.STREAMING)

    def _ended(self, attempt: Attempt, report: Ended) -> None:
        del self._attempts[attempt.session]
        self._overheard.broken_off(attempt)
        if not self._attempts:
            self.quiet.set()
        if attempt is self._current:
            self._current = None
            # Without a code its worker was told to stop, which is no failure of the session.
            attempt.failure = CaptureCode(report.code) if report.code else None
        overtaken = self._current is not None or self._board.status.state is StreamState.STOPPING
        if attempt.failure is not None and not overtaken:
            self._lost = self._lost or attempt.last_packet_s is not None
            self._fail(attempt.failure)
        self._rest_when_quiet()

    def _fail(self, code: CaptureCode) -> None:
        """Wait as long as the retry says."""
        if code is CaptureCode.STALLED:
            self._board.fault(StreamState.STALLED, code)
        wait = self._retry.ended(code)
        self._due_s = self._clock.monotonic() + wait.delay_s
        self._board.fault(wait.state, code, self._clock.now() + timedelta(seconds=wait.delay_s))

    def _rest_when_quiet(self) -> None:
        """Once the last session asked to end has ended: be idle, or begin anew at once."""
        if self._attempts or self._board.status.state is not StreamState.STOPPING:
            return
        if self._due_s is None:
            self._board.clear(StreamState.IDLE)
        else:
            self._due_s = self._clock.monotonic()
