"""The sidecar's end of one capture worker: which sessions run there, and which answers are waited for."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
import logging

from ..domain.clock import Clock
from ..domain.errors import CaptureCode, CaptureError, UnavailableError
from ..domain.streams import Transport
from ..processes.supervised import ChildSpec, SupervisedChild
from ..processes.wire import Message, WireError
from .messages import (
    Answer,
    Cancel,
    Command,
    Ended,
    Frame,
    LowerTransport,
    Open,
    Probe,
    Probed,
    Pull,
    SessionReport,
    Snapshot,
    TakeSnapshot,
    read_report,
    to_message,
)
from .stream.sessions import Owner
from .stream.status import ProbeResult

MODULE = "wallflower_sidecar.capture.worker"
_MOST_REQUESTS = 200
_FORMER = 64
"""Sessions that ended and may still be followed by a last word of what they recorded."""

_LOGGER = logging.getLogger(__name__)


class WorkerLink:
    """One supervised capture worker and the streams whose sessions it runs."""

    def __init__(self, name: str, clock: Clock, numbers: Iterator[int]) -> None:
        """Name the worker; `numbers` gives sessions and requests ids that are never used twice."""
        self.streams: set[str] = set()
        """The ids of the streams that belong here."""

        self.on_frame: Callable[[Frame], None] = lambda _: None
        """Who is given the pictures of watches."""
        self.on_up: Callable[[], None] = lambda: None
        """Called when the worker can be used."""

        self.child = SupervisedChild(
            ChildSpec(name, MODULE),
            on_message=self._take,
            on_up=self._came_up,
            on_down=lambda _: self.forget_sessions(),
            clock=clock,
        )
        self._numbers = numbers
        self._up = asyncio.Event()
        self._owners: dict[int, Owner] = {}
        self._former: OrderedDict[int, Owner] = OrderedDict()
        self._requests: dict[int, asyncio.Future[Answer]] = {}

    def open(self, owner: Owner, url: str, transports: tuple[LowerTransport, ...], pull: Pull = "all") -> int | None:
        """Start a session whose reports go to `owner`; None when the worker is down."""
        session = next(self._numbers)
        if not self.send(Open(session, url, transports, pull, owner.stream.certificate, owner.stream.transcribe)):
            return None
        self._owners[session] = owner
        return session

    def send(self, command: Command) -> bool:
        """Send a command; False when the worker is down or does not read."""
        return self.child.up and self.child.send(to_message(command))

    def kill(self, reason: str) -> None:
        """End the worker with all its sessions; it starts again at once, as it did not die by itself."""
        _LOGGER.warning("[%s] is killed: %s", self.child.spec.name, reason)
        self.child.restart_now(reason)

    async def snapshot(self, session: int, width: int | None) -> bytes:
        """Return a JPEG of a session's newest picture; raises UnavailableError."""
        answer = await self._ask(lambda request: TakeSnapshot(session, request, width))
        if not isinstance(answer, Snapshot) or answer.jpeg is None:
            raise UnavailableError("The picture cannot be decoded now.")
        return answer.jpeg

    async def probe(self, url: str, transports: tuple[LowerTransport, ...], certificate: str) -> ProbeResult:
        """Find out what a camera offers; raises CaptureError. A cancelled probe ends in the worker too."""
        await self._up.wait()
        try:
            answer = await self._ask(lambda request: Probe(request, url, transports, certificate))
        except UnavailableError:
            raise CaptureError(CaptureCode.WORKER_DIED) from None
        if not isinstance(answer, Probed) or answer.code is not None or answer.transport is None:
            told = answer if isinstance(answer, Probed) else Probed(0, None)
            raise CaptureError(CaptureCode(told.code or CaptureCode.INTERNAL), told.message)
        return ProbeResult(answer.video, answer.audio, Transport(answer.transport), answer.took_s, answer.certificate)

    async def _ask(self, command: Callable[[int], Command]) -> Answer:
        if len(self._requests) >= _MOST_REQUESTS:
            raise UnavailableError("Too many requests are waiting for the cameras.")
        number = next(self._numbers)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._requests[number] = answer
        try:
            if not self.send(command(number)):
                raise UnavailableError("The capture process is being started again.")
            return await answer
        finally:
            del self._requests[number]
            if answer.cancelled():
                self.send(Cancel(number))

    def _take(self, message: Message) -> None:
        try:
            report = read_report(message)
        except WireError as error:
            _LOGGER.error("[%s] %s", self.child.spec.name, error)  # noqa: TRY400 - the trace adds nothing
            self.child.kill("sent what cannot be understood")
            return
        match report:
            case Snapshot() | Probed():
                answer = self._requests.get(report.request)
                if answer is not None and not answer.done():
                    answer.set_result(report)
            case Frame():
                self.on_frame(report)
            case _:
                self._pass_on(report)

    def _pass_on(self, report: SessionReport) -> None:
        owner = self._owners.get(report.session) or self._former.get(report.session)
        if isinstance(report, Ended) and (ended := self._owners.pop(report.session, None)):
            self._former[report.session] = ended
            if len(self._former) > _FORMER:
                self._former.popitem(last=False)
        if owner is not None:
            _guarded(owner, partial(owner.report, report))

    def _came_up(self) -> None:
        self._up.set()
        self.on_up()

    @property
    def is_empty(self) -> bool:
        """Whether no stream and no session is left here."""
        return not self.streams and not self._owners

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for an answer."""
        return not self._requests

    def forget_sessions(self) -> None:
        """All that ran here is gone, and nobody is answered any more."""
        self._up.clear()
        owners = set(self._owners.values())
        self._owners.clear()
        for owner in owners:
            _guarded(owner, partial(owner.worker_died, self))
        for answer in self._requests.values():
            if not answer.done():
                answer.set_exception(UnavailableError("The capture process ended unexpectedly."))


def _guarded(owner: Owner, call: Callable[[], None]) -> None:
    """Keep one stream's bug from harming the others."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - it is logged and counted there
        owner.crashed(error)
