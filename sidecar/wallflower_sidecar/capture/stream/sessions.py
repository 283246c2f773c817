"""The sessions of one stream: the one that delivers, its successor, and those that are being ended."""

import asyncio
from typing import Protocol

from ...domain.clock import Clock
from ...domain.streams import Stream, Transport
from ..messages import Close, Listen, LowerTransport, Pull, SessionReport, Shut, WantDrafts
from .attempt import Attempt, Carrier
from .ear import Ear, Passing
from .escalation import Escalation, Measure
from .overheard import Overheard


class Owner(Protocol):
    """Whose sessions they are."""

    @property
    def stream(self) -> Stream:
        """The camera as configured."""

    def report(self, report: SessionReport) -> None:
        """Take in what a session says."""

    def worker_died(self, line: Carrier) -> None:
        """All sessions on this line are gone."""

    def crashed(self, error: Exception) -> None:
        """One of the others raised this."""


class Line(Carrier, Protocol):
    """The way to a worker that sessions run in."""

    def open(self, owner: Owner, url: str, transports: tuple[LowerTransport, ...], pull: Pull = "all") -> int | None:
        """Start a session whose reports go to `owner`; None when the worker is down."""


class Sessions:
    """Opens and ends them; a stuck one is ended by ever stronger measures."""

    def __init__(self, owner: Owner, line: Line, overheard: Overheard, clock: Clock, *, listens: bool = True) -> None:
        """Have none."""
        self.listens = listens
        """Whether they hear what is said."""

        self.all: dict[int, Attempt] = {}
        self.current: Attempt | None = None
        """The one whose words are told and whose state is the stream's."""

        self.successor: Attempt | None = None
        """The one that will take over."""

        self.quiet = asyncio.Event()
        """Set while there is none at all."""

        self.quiet.set()
        self.line = line
        """Where the next one is opened."""

        self.drafts_wanted = False
        """Whether utterances under way are handed over too."""

        self._owner = owner
        self._overheard = overheard
        self._clock = clock
        self._worked: LowerTransport = "tcp"

    @property
    def speaking(self) -> bool:
        """Whether somebody speaks."""
        return any(attempt.ear.speaking for attempt in self.all.values())

    def want_drafts(self, *, wanted: bool) -> None:
        """Have utterances under way handed over too, or no longer, by present and later ones."""
        if wanted != self.drafts_wanted:
            self.drafts_wanted = wanted
            for attempt in self.all.values():
                attempt.line.send(WantDrafts(attempt.session, wanted))

    def listen(self, *, wanted: bool) -> None:
        """Have what is said heard by present and later ones, or, from this moment on, not any more."""
        if wanted == self.listens:
            return
        self.listens = wanted
        for attempt in self.all.values():
            attempt.listens = wanted
            attempt.line.send(Listen(attempt.session, wanted))
        if not wanted:
            self._overheard.ignore(self.all.values())
            return
        if self.current is not None:
            self.current.ear = Ear()
        if self.successor is not None:
            self.successor.ear = Ear(Passing.HELD)

    def forget_transport(self) -> None:
        """Try TCP first again."""
        self._worked = "tcp"

    def worked(self, attempt: Attempt) -> None:
        """Packets came: try this one's transport first from now on."""
        if attempt.opened is not None:
            self._worked = attempt.opened.transport

    def open(self, stream: Stream, pull: Pull) -> Attempt | None:
        """Open the current session; None when the worker is down."""
        attempt = self._open(stream, pull)
        self.current = attempt
        return attempt

    def open_successor(self, stream: Stream, pull: Pull) -> Attempt | None:
        """Open another beside the current one, to be silent until it takes over."""
        attempt = self._open(stream, pull)
        if attempt is not None:
            attempt.ear.passing = Passing.HELD
        self.successor = attempt
        return attempt

    def leave(self) -> None:
        """Begin to end the current session and its successor."""
        self.leave_successor()
        if self.current is not None:
            self._end(self.current)
            self.current = None

    def leave_for_good(self) -> None:
        """Begin to end the current session and its successor; that others failed does not matter any more."""
        self.leave()
        for attempt in self.all.values():
            attempt.failure = None

    def cut_short(self) -> None:
        """Begin to end them without a moment's delay, also where one still waits for the camera's answer."""
        self.leave_for_good()
        for attempt in self.all.values():
            if attempt.opened is None:
                attempt.line.send(Shut(attempt.session))

    def leave_successor(self) -> None:
        """Begin to end the successor."""
        if self.successor is not None:
            self._end(self.successor)
            self.successor = None

    def leave_all(self) -> None:
        """Begin to end every session that is not being ended yet."""
        self.current = self.successor = None
        for attempt in self.all.values():
            if attempt.ending is None:
                self._end(attempt)

    def hand_over(self) -> None:
        """Let the successor take over from the current one, which ends unless it has ended."""
        before, after = self.current, self.successor
        if after is None:
            return
        self._overheard.hand_over(before, after)
        if before is not None and before.session in self.all:
            before.failure = None
            self._end(before)
        self.current, self.successor = after, None

    def lost(self, line: Carrier) -> list[Attempt]:
        """All sessions on this line are gone; returns them."""
        gone = [attempt for attempt in self.all.values() if attempt.line is line]
        for attempt in gone:
            del self.all[attempt.session]
        return gone

    def ended(self, attempt: Attempt) -> None:
        """A session is gone; pair what it left unpaired."""
        self.all.pop(attempt.session, None)
        self._overheard.broken_off(attempt)
        if not self.all:
            self.quiet.set()

    def escalate(self) -> None:
        """Take the next measure against each session that should have ended by now."""
        now_s = self._clock.monotonic()
        for attempt in tuple(self.all.values()):
            if attempt.ending and (measure := attempt.ending.due(now_s)):
                _take(measure, attempt)

    def _end(self, attempt: Attempt) -> None:
        attempt.ending = Escalation(self._clock.monotonic())

    def _open(self, stream: Stream, pull: Pull) -> Attempt | None:
        session = self.line.open(self._owner, stream.url, self._transports(stream), pull)
        if session is None:
            return None
        attempt = Attempt(session, self.line, pull, self._clock.monotonic(), listens=self.listens)
        self.all[session] = attempt
        self.quiet.clear()
        if self.drafts_wanted:
            attempt.line.send(WantDrafts(session, wanted=True))
        return attempt

    def _transports(self, stream: Stream) -> tuple[LowerTransport, ...]:
        match stream.transport:
            case Transport.TCP:
                return ("tcp",)
            case Transport.UDP:
                return ("udp",)
            case _:
                return ("udp", "tcp") if self._worked == "udp" else ("tcp", "udp")


def _take(measure: Measure, attempt: Attempt) -> None:
    match measure:
        case Measure.ASK:
            attempt.line.send(Close(attempt.session))
        case Measure.SHUT:
            attempt.line.send(Shut(attempt.session))
        case Measure.KILL:
            attempt.line.kill("a session cannot be ended")
