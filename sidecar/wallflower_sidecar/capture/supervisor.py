"""All capture: which worker serves which stream, pictures and probes on request, and every stream's tick."""

import asyncio
import itertools
from typing import NoReturn

from ..domain.camera_url import CameraUrl
from ..domain.clock import Clock
from ..domain.errors import CaptureCode, CaptureError, NotFoundError, UnavailableError
from ..domain.health import Check, HealthStatus
from ..domain.streams import Stream, Transport
from .link import WorkerLink
from .messages import LowerTransport
from .retry import Retry
from .status import CaptureListener, CaptureStatus, ProbeResult
from .stream_capture import StreamCapture
from .telling import GuardedListener

STREAMS_PER_WORKER = 30
SNAPSHOT_TIMEOUT_S = 10.0
PROBE_TIMEOUT_S = 14.0
"""Who asks waits 15 s at most, and should hear what is wrong rather than nothing."""

REMOVAL_S = 3.0

_TICK_S = 0.2
_TRANSPORTS: dict[Transport, tuple[LowerTransport, ...]] = {
    Transport.AUTO: ("tcp", "udp"),
    Transport.TCP: ("tcp",),
    Transport.UDP: ("udp",),
}


class CaptureSupervisor:
    """Keeps a session open for each enabled stream. Everything is called on one event loop."""

    def __init__(
        self, listener: CaptureListener, *, clock: Clock, streams_per_worker: int = STREAMS_PER_WORKER
    ) -> None:
        """Streams may be set before `run`; nothing is started until then."""
        self._listener = listener
        self._clock = clock
        self._streams_per_worker = streams_per_worker
        self._numbers = itertools.count(1)
        self._workers = itertools.count(1)
        self._captures: dict[str, tuple[StreamCapture, WorkerLink]] = {}
        self._leaving: list[StreamCapture] = []
        self._links: dict[WorkerLink, asyncio.Task[NoReturn] | None] = {}
        self._snapshots: dict[tuple[str, int | None], asyncio.Task[bytes | UnavailableError]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._drafted: frozenset[str] = frozenset()
        self._add_link()

    async def run(self) -> NoReturn:
        """Own the workers until cancelled; then all of them have ended."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                for link in self._links:
                    self._links[link] = group.create_task(link.child.run(), name=link.child.spec.name)
                while True:
                    await asyncio.sleep(_TICK_S)
                    self._tick()
            finally:
                self._group = None

    def set_stream(self, stream: Stream) -> None:
        """Add a stream or take up its change; the session is restarted only if the change needs it."""
        known = self._captures.get(stream.id)
        if known is not None:
            known[0].change(stream)
            return
        link = self._link_with_room()
        capture = StreamCapture(stream, link, GuardedListener(self._listener), self._clock, Retry(self._clock))
        capture.want_drafts(wanted=stream.id in self._drafted)
        self._captures[stream.id] = capture, link
        link.streams[stream.id] = capture
        capture.tick()

    async def remove_stream(self, stream_id: str) -> None:
        """End a stream's sessions, for at most 3 s; nothing is told of it afterwards. Raises NotFoundError."""
        capture, link = self._find(stream_id)
        capture.stop()
        try:
            async with asyncio.timeout(REMOVAL_S):
                await capture.quiet.wait()
        except TimeoutError:
            pass
        finally:
            capture.mute()
            self._captures.pop(stream_id, None)
            link.streams.pop(stream_id, None)
            self._leaving.append(capture)

    def want_drafts(self, stream_ids: frozenset[str]) -> None:
        """Hand over utterances under way too, of exactly these streams, present ones and later ones."""
        self._drafted = stream_ids
        for stream_id, (capture, _) in self._captures.items():
            capture.want_drafts(wanted=stream_id in stream_ids)

    def restart(self, stream_id: str) -> None:
        """Begin a stream's session anew at once, clearing backoff and breaker. Raises NotFoundError."""
        self._find(stream_id)[0].restart()

    def status(self, stream_id: str) -> CaptureStatus:
        """Return what is known of a stream now. Raises NotFoundError."""
        return self._find(stream_id)[0].status

    async def snapshot(self, stream_id: str, width: int | None = None) -> bytes:
        """Return a JPEG no wider than `width`, within 10 s; raises NotFoundError, UnavailableError.

        Those who ask at the same time share one decoded picture.
        """
        capture, link = self._find(stream_id)
        if self._group is None:
            raise UnavailableError("Capture is not running.")
        key = stream_id, width
        task = self._snapshots.get(key)
        if task is None:
            task = self._snapshots[key] = self._group.create_task(_snapshot(capture, link, width))
            task.add_done_callback(lambda _: self._snapshots.pop(key, None))
        await asyncio.wait([task])
        answer = UnavailableError("Capture is stopping.") if task.cancelled() else task.result()
        if isinstance(answer, UnavailableError):
            raise answer
        return answer

    async def probe(self, url: str, transport: Transport = Transport.AUTO) -> ProbeResult:
        """Find out within 15 s what a camera offers; raises FieldError for a bad address, CaptureError."""
        CameraUrl.parse(url)
        link = next(iter(self._links))
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                return await link.probe(url, _TRANSPORTS[transport])
        except TimeoutError:
            raise CaptureError(CaptureCode.CONNECT_TIMEOUT if link.child.up else CaptureCode.WORKER_DIED) from None

    def check(self) -> Check:
        """Return the workers' condition."""
        down = [link for link in self._links if not link.child.up]
        if not down:
            detail = f"{len(self._captures)} streams, {self.restarts} restarts of a capture process"
            return Check("capture", HealthStatus.OK, detail)
        again = any(link.child.restarts for link in down)
        status = HealthStatus.FAILED if again and len(down) == len(self._links) else HealthStatus.DEGRADED
        waiting = sum(len(link.streams) for link in down)
        return Check("capture", status, f"A capture process is being started; {waiting} streams wait for it.")

    @property
    def restarts(self) -> int:
        """How often a worker was started again."""
        return sum(link.child.restarts for link in self._links)

    @property
    def worker_pids(self) -> list[int]:
        """The process ids of the workers that run."""
        return [pid for link in self._links if (pid := link.child.pid) is not None]

    def _find(self, stream_id: str) -> tuple[StreamCapture, WorkerLink]:
        try:
            return self._captures[stream_id]
        except KeyError:
            raise NotFoundError(f"There is no stream {stream_id}.") from None

    def _link_with_room(self) -> WorkerLink:
        for link in self._links:
            if len(link.streams) < self._streams_per_worker:
                return link
        return self._add_link()

    def _add_link(self) -> WorkerLink:
        link = WorkerLink(f"capture-{next(self._workers)}", self._clock, self._numbers)
        name = link.child.spec.name
        self._links[link] = self._group.create_task(link.child.run(), name=name) if self._group else None
        return link

    def _tick(self) -> None:
        for capture, _ in tuple(self._captures.values()):
            capture.tick()
        for capture in self._leaving:
            capture.tick()
        self._leaving = [capture for capture in self._leaving if not capture.quiet.is_set()]
        for link in tuple(self._links)[1:]:
            if link.is_empty and (task := self._links.pop(link)):
                task.cancel()


async def _snapshot(capture: StreamCapture, link: WorkerLink, width: int | None) -> bytes | UnavailableError:
    try:
        async with asyncio.timeout(SNAPSHOT_TIMEOUT_S):
            while (session := capture.session) is None:  # noqa: ASYNC110 - it may cease at any moment too
                await asyncio.sleep(_TICK_S)
            if not capture.has_picture:
                return UnavailableError("The stream has no picture.")
            return await link.snapshot(session, width)
    except UnavailableError as error:
        return error
    except TimeoutError:
        return UnavailableError(f"No picture came within {SNAPSHOT_TIMEOUT_S:g} s.")
