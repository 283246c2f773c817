"""The capture of one stream as the rest of the sidecar sees it. No I/O, no tasks."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
import logging
from pathlib import Path

from ...domain.clock import Clock
from ...domain.errors import CaptureCode
from ...domain.recordings import SavedFile
from ...domain.streams import Stream, StreamState
from ..messages import Recorded, SessionReport
from ..recording.orders import RecordingOrders
from .accounts import Accounts
from .attempt import Carrier
from .board import Board
from .handover import Handover
from .lifecycle import Lifecycle
from .overheard import Overheard
from .picture_need import PICTURE_LINGERS_S, PictureNeed
from .retry import Retry
from .sessions import Line, Sessions
from .status import CaptureStatus
from .telling import GuardedListener
from .turns import Turns

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """What is the same for all streams; without a folder nothing is recorded."""

    recordings_dir: Path | None = None
    picture_lingers_s: float = PICTURE_LINGERS_S


class StreamCapture:
    """One stream's verbs; everything is called on one event loop, `tick` several times a second."""

    def __init__(
        self,
        stream: Stream,
        line: Line,
        listener: GuardedListener,
        clock: Clock,
        retry: Retry,
        *,
        turns: Turns | None = None,
        accounts: Accounts | None = None,
        options: CaptureOptions | None = None,
    ) -> None:
        """Be due at once when the stream is enabled; `turns` and `accounts` are shared by all streams."""
        options = options or CaptureOptions()
        turns = turns or Turns(clock)
        self._accounts = accounts or Accounts(clock)
        self._retry = retry
        retry.use(self._accounts.of(stream.url))
        self.bugs = 0
        """How often this stream's own code failed."""

        self._listener = listener
        self._board = Board(stream.id, listener, clock)
        self._need = PictureNeed(clock, options.picture_lingers_s)
        self._orders = RecordingOrders(stream, options.recordings_dir, clock)
        self._need.record(wanted=self._orders.is_wanted)
        overheard = Overheard(stream.id, listener, clock)
        self._sessions = Sessions(self, line, overheard, clock, listens=stream.transcribe)
        self._handover = Handover(
            clock, self._need, lambda: retry.admits_second and turns.take(), listens=stream.transcribe
        )
        self._life = Lifecycle(
            stream,
            self._sessions,
            handover=self._handover,
            orders=self._orders,
            overheard=overheard,
            board=self._board,
            retry=retry,
            clock=clock,
        )

    @property
    def stream(self) -> Stream:
        """The camera as configured now."""
        return self._life.stream

    @property
    def status(self) -> CaptureStatus:
        """What is known now."""
        return replace(self._board.status, speaking=self._sessions.speaking)

    @property
    def quiet(self) -> asyncio.Event:
        """Set while there is no session at all."""
        return self._sessions.quiet

    @property
    def settled(self) -> bool:
        """Whether there is nothing to do but to watch for silence: one session that delivers, or none at rest."""
        sessions = self._sessions.all
        if not sessions:
            return self._board.status.state is StreamState.IDLE
        return len(sessions) == 1 and self.session is not None

    @property
    def session(self) -> int | None:
        """The session that delivers, if one does."""
        attempt = self._life.delivering
        return attempt.session if attempt else None

    @property
    def picture_session(self) -> int | None:
        """The session that brings the picture now, if one does; asking starts nothing."""
        for attempt in (self._sessions.current, self._sessions.successor):
            if attempt is not None and attempt.has_picture:
                return attempt.session
        return None

    @property
    def is_blind(self) -> bool:
        """Whether the camera has no picture, as far as is known: it delivers everything else, or rests."""
        attempt = self._life.delivering
        return self._life.rests or (attempt is not None and attempt.is_whole and not attempt.has_picture)

    def use_picture(self) -> None:
        """Somebody looks now: have the picture for a while, in `picture_session` as soon as it is there."""
        self._need.use()

    def line_of(self, session: int) -> Carrier | None:
        """The way to the worker of one of the present sessions."""
        attempt = self._sessions.all.get(session)
        return attempt.line if attempt else None

    def uses(self, line: Carrier) -> bool:
        """Whether a session of this stream runs there."""
        return any(attempt.line is line for attempt in self._sessions.all.values())

    def move_to(self, line: Line) -> None:
        """Have the sessions run there from now on; one that is well is replaced without a gap."""
        self._sessions.line = line

    def mute(self) -> None:
        """Tell nobody anything more."""
        self._listener.muted = True

    def want_drafts(self, *, wanted: bool) -> None:
        """Have utterances under way handed over too, or no longer; the sessions go on."""
        self._sessions.want_drafts(wanted=wanted)

    def record_by_hand(self, *, on: bool) -> None:
        """Record all, or no longer by hand, beside the mode; raises ConflictError where nothing may be kept."""
        self._orders.by_hand(on=on)
        self._order_recording()

    def hold_recording(self, *, on: bool) -> None:
        """Finish what is being recorded, drop what is held in memory and record nothing, or go on as before."""
        self._orders.hold(on=on)
        self._order_recording()

    def keep(self, start: datetime, end: datetime) -> None:
        """Have this time on disk, in keyword mode."""
        self._orders.keep(start, end)

    def change(self, stream: Stream) -> None:
        """Take up a new configuration; the session is restarted only where it must be."""
        before, self._life.stream = self._life.stream, stream
        self._orders.follow(stream)
        self._handover.listens = stream.transcribe
        self._sessions.listen(wanted=stream.transcribe)
        self._order_recording()
        if (stream.url, stream.transport) != (before.url, before.transport):
            self._need.forget()
        if stream.url != before.url:
            self._retry.use(self._accounts.of(stream.url))
        if stream.needs_new_session(before):
            self._sessions.forget_transport()
            self.restart()
        elif stream.transcribe != before.transcribe:
            self._life.tick()

    def restart(self) -> None:
        """End the session and begin anew at once, all failures forgotten; a disabled stream comes to rest."""
        self._life.restart()

    def stop(self) -> None:
        """End every session for good; `quiet` is set when none is left."""
        self._life.stream = replace(self.stream, enabled=False)
        self._orders.follow(self.stream)
        self._life.restart()

    def tick(self) -> None:
        """Do what time demands."""
        self._life.tick()

    def report(self, report: SessionReport) -> None:
        """Take in what one of this stream's sessions reports; a recorded file counts also when that has ended."""
        if isinstance(report, Recorded):
            self._saved(report)
        else:
            self._life.report(report)

    def worker_died(self, line: Carrier) -> None:
        """Every session there is gone, through no fault of the camera."""
        self._life.worker_died(line)

    def crashed(self, error: Exception) -> None:
        """This stream's own code raised: end what runs and try again later."""
        self.bugs += 1
        _LOGGER.error("the capture of stream %s failed", self.stream.id, exc_info=error)
        try:
            self._life.give_up(CaptureCode.INTERNAL)
        except Exception:
            _LOGGER.exception("the capture of stream %s cannot be begun anew", self.stream.id)

    def _order_recording(self) -> None:
        """Have the sessions record what is wanted now."""
        self._need.record(wanted=self._orders.is_wanted)
        self._orders.give(list(self._sessions.all.values()))
        self._life.showing.offer()
        self._life.showing.recording()

    def _saved(self, report: Recorded) -> None:
        start, end = (datetime.fromtimestamp(at, UTC) for at in (report.start, report.end))
        stream = self.stream.id
        self._listener.recording_saved(stream, SavedFile(stream, Path(report.path), start, end, report.bytes))
