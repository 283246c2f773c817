"""All capture: every stream's sessions, recordings and pictures, and probes on request."""

import asyncio
from collections.abc import Callable
from datetime import datetime
import itertools
from pathlib import Path
from typing import NoReturn

from ..domain.camera_certificate import ANY
from ..domain.camera_url import CameraUrl
from ..domain.clock import Clock
from ..domain.errors import CaptureCode, CaptureError, NotFoundError, UnavailableError
from ..domain.health import Check, HealthStatus
from ..domain.streams import Stream, Transport
from .link import WorkerLink
from .messages import LowerTransport
from .pictures.snapshots import Snapshots
from .pictures.viewers import Viewers
from .replacement import MemoryBound, Replacement
from .stream.accounts import Accounts
from .stream.picture_need import PICTURE_LINGERS_S
from .stream.retry import Retry
from .stream.status import CaptureListener, CaptureStatus, ProbeResult
from .stream.stream_capture import CaptureOptions, StreamCapture
from .stream.telling import GuardedListener
from .stream.turns import Turns
from .workers import STREAMS_PER_WORKER, Workers

PROBE_TIMEOUT_S = 14.0
"""Who asks waits 15 s at most, and should hear what is wrong rather than nothing."""

REMOVAL_S = 3.0

_TICK_S = 0.2
_CALM_TICK_S = 0.5
"""How often to look while nothing but silence is to be noticed: looking is what an idle sidecar costs."""

_TRANSPORTS: dict[Transport, tuple[LowerTransport, ...]] = {
    Transport.AUTO: ("tcp", "udp"),
    Transport.TCP: ("tcp",),
    Transport.UDP: ("udp",),
}


class CaptureSupervisor:
    """Keeps a session open for each enabled stream. Everything is called on one event loop."""

    def __init__(
        self,
        listener: CaptureListener,
        *,
        clock: Clock,
        recordings_dir: Path | None = None,
        streams_per_worker: int = STREAMS_PER_WORKER,
        picture_lingers_s: float = PICTURE_LINGERS_S,
        memory_bound: MemoryBound | None = None,
    ) -> None:
        """Streams may be set before `run`; nothing is started until then. Without a folder nothing is recorded."""
        self._listener = listener
        self._clock = clock
        self._options = CaptureOptions(recordings_dir, picture_lingers_s)
        self._turns = Turns(clock)
        self._accounts = Accounts(clock)
        self._captures: dict[str, StreamCapture] = {}
        self._leaving: list[StreamCapture] = []
        self._former_bugs = 0
        self._group: asyncio.TaskGroup | None = None
        self._drafted: frozenset[str] = frozenset()
        numbers = itertools.count(1)
        self.viewers = Viewers(self._find, clock, numbers)
        """Who watches."""

        self._snapshots = Snapshots(self._find)
        self._workers = Workers(
            clock,
            numbers,
            on_up=self._worker_came_up,
            on_frame=self.viewers.take,
            streams_per_worker=streams_per_worker,
        )
        self._replacement = Replacement(self._workers, clock, memory_bound)

    async def run(self) -> NoReturn:
        """Own the workers until cancelled; then all of them have ended."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                self._workers.start(group)
                while True:
                    await asyncio.sleep(_CALM_TICK_S if self._is_calm() else _TICK_S)
                    self._tick()
            finally:
                self._group = None
                self._workers.stop()
                self.viewers.end_all()

    def set_stream(self, stream: Stream) -> None:
        """Add a stream or take up its change; the session is restarted only if the change needs it."""
        known = self._captures.get(stream.id)
        if known is not None:
            known.change(stream)
            return
        capture = self._captures[stream.id] = StreamCapture(
            stream,
            self._workers.place(stream.id),
            GuardedListener(self._listener),
            self._clock,
            Retry(self._clock),
            turns=self._turns,
            accounts=self._accounts,
            options=self._options,
        )
        capture.want_drafts(wanted=stream.id in self._drafted)
        capture.tick()

    async def remove_stream(self, stream_id: str) -> None:
        """End a stream's sessions, for at most 3 s; nothing is told of it afterwards. Raises NotFoundError."""
        capture = self._find(stream_id)
        capture.stop()
        try:
            async with asyncio.timeout(REMOVAL_S):
                await capture.quiet.wait()
        except TimeoutError:
            pass
        finally:
            self._let_go(stream_id, capture)

    def drop_stream(self, stream_id: str) -> None:
        """Remove a stream without waiting for its sessions to end; raises NotFoundError."""
        capture = self._find(stream_id)
        capture.stop()
        self._let_go(stream_id, capture)

    def want_drafts(self, stream_ids: frozenset[str]) -> None:
        """Hand over utterances under way too, of exactly these streams, present ones and later ones."""
        self._drafted = stream_ids
        for stream_id, capture in self._captures.items():
            capture.want_drafts(wanted=stream_id in stream_ids)

    def record_by_hand(self, stream_id: str, *, on: bool) -> None:
        """Record continuously until told otherwise, beside the mode; raises NotFoundError, ConflictError."""
        self._find(stream_id).record_by_hand(on=on)

    def hold_recording(self, stream_id: str, *, on: bool) -> None:
        """Finish what a stream records and record nothing of it, or go on."""
        if capture := self._captures.get(stream_id):
            capture.hold_recording(on=on)

    def keep(self, stream_id: str, start: datetime, end: datetime) -> None:
        """Have on disk what a stream sends from `start` to `end`, if it is recorded by keyword."""
        if capture := self._captures.get(stream_id):
            capture.keep(start, end)

    def restart(self, stream_id: str) -> None:
        """Begin a stream's session anew at once, clearing backoff and breaker. Raises NotFoundError."""
        self._find(stream_id).restart()

    def status(self, stream_id: str) -> CaptureStatus:
        """Return what is known of a stream now. Raises NotFoundError."""
        return self._find(stream_id).status

    async def snapshot(self, stream_id: str, width: int | None = None) -> bytes:
        """Return a JPEG no wider than `width`, within 10 s; raises NotFoundError, UnavailableError.

        Those who ask for the same at the same time, or within a second, share one decoded picture.
        """
        self._find(stream_id)
        if self._group is None:
            raise UnavailableError("Capture is not running.")
        return await self._snapshots.take(stream_id, width, self._group.create_task)

    async def probe(self, url: str, transport: Transport = Transport.AUTO, certificate: str = ANY) -> ProbeResult:
        """Find out within 15 s what a camera offers; raises FieldError for a bad address, CaptureError.

        Credentials that were refused a moment ago are not tried again.
        """
        CameraUrl.parse(url)
        link = self._workers.first
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S), self._accounts.of(url).probing():
                return await link.probe(url, _TRANSPORTS[transport], certificate)
        except TimeoutError:
            raise CaptureError(CaptureCode.CONNECT_TIMEOUT if link.child.up else CaptureCode.WORKER_DIED) from None

    def check(self) -> Check:
        """Return the workers' condition."""
        down = self._workers.down
        if not down:
            return Check("capture", HealthStatus.OK, self._detail())
        again = any(link.child.restarts for link in down)
        status = HealthStatus.FAILED if again and len(down) == len(self._workers.all) else HealthStatus.DEGRADED
        waiting = sum(len(link.streams) for link in down)
        return Check("capture", status, f"A capture process is being started; {waiting} streams wait for it.")

    @property
    def restarts(self) -> int:
        """How often a worker was started again."""
        return self._workers.restarts

    @property
    def replaced(self) -> int:
        """How many workers were replaced because they had grown too large."""
        return self._replacement.replaced

    @property
    def bugs(self) -> int:
        """How often the code of some stream failed, which was then begun anew."""
        return self._former_bugs + sum(capture.bugs for capture in (*self._captures.values(), *self._leaving))

    @property
    def worker_pids(self) -> list[int]:
        """The process ids of the workers that run."""
        return [pid for link in self._workers.all if (pid := link.child.pid) is not None]

    def _detail(self) -> str:
        detail = f"{len(self._captures)} streams, {self.restarts} restarts of a capture process"
        if self.replaced:
            detail += f", {self.replaced} replaced because of their memory"
        if self.bugs:
            detail += f", {self.bugs} failures of our own"
        return f"{detail}."

    def _find(self, stream_id: str) -> StreamCapture:
        try:
            return self._captures[stream_id]
        except KeyError:
            raise NotFoundError(f"There is no stream {stream_id}.") from None

    def _let_go(self, stream_id: str, capture: StreamCapture) -> None:
        capture.mute()
        self._captures.pop(stream_id, None)
        self._workers.leave(stream_id)
        self._leaving.append(capture)

    def _worker_came_up(self, link: WorkerLink) -> None:
        for stream_id in tuple(link.streams):
            _guarded(self._captures[stream_id], self._captures[stream_id].tick)

    def _is_calm(self) -> bool:
        """Whether every stream only goes on as it does."""
        return not self._leaving and not self.viewers and all(each.settled for each in self._captures.values())

    def _tick(self) -> None:
        for capture in (*self._captures.values(), *self._leaving):
            _guarded(capture, capture.tick)
        self._former_bugs += sum(capture.bugs for capture in self._leaving if capture.quiet.is_set())
        self._leaving = [capture for capture in self._leaving if not capture.quiet.is_set()]
        self._replacement.tick(self._captures)
        self._workers.end_idle()
        self.viewers.tick()


def _guarded(capture: StreamCapture, call: Callable[[], None]) -> None:
    """Keep one stream's bug from harming the others."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - it is logged and counted there
        capture.crashed(error)
