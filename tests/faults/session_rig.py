"""One session of a capture worker without its process, and everything that it reports."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import threading
import time

import av.logging

from tests.support.waiting import eventually
from wallflower_sidecar.capture.messages import Alive, Ended, LowerTransport, Open, Opened, Pull, Report, Spoken
from wallflower_sidecar.capture.pictures.picture import Picture
from wallflower_sidecar.capture.pulse import Pulse
from wallflower_sidecar.capture.session import Session
from wallflower_sidecar.domain.camera_certificate import ANY
from wallflower_sidecar.domain.clock import SystemClock


@dataclass
class Heard:
    """What a session reported, each with the monotonic time of it."""

    session: Session
    reports: list[tuple[float, Report]]

    def of[T: Report](self, kind: type[T]) -> list[T]:
        """The reports of a kind, oldest first."""
        return [report for _, report in self.reports if isinstance(report, kind)]

    async def first[T: Report](self, kind: type[T], timeout_s: float = 15.0, number: int = 1) -> T:
        """Wait for the first (or a later) report of a kind."""
        found = await eventually(lambda: self.of(kind)[number - 1 :], timeout_s=timeout_s, interval_s=0.02)
        return found[0]

    async def opened(self) -> Opened:
        """Wait until the session is open and alive; return its last offer."""
        await self.first(Alive)
        return self.of(Opened)[-1]

    async def said(self, number: int = 1, timeout_s: float = 25.0) -> Spoken:
        """Wait for a whole utterance."""
        return await self.first(Spoken, timeout_s, number)

    async def end(self, timeout_s: float = 25.0) -> Ended:
        """Wait for the last word."""
        return await self.first(Ended, timeout_s)

    async def picture(self, timeout_s: float = 15.0) -> Picture | None:
        """Wait for the newest picture."""
        pictures: list[Picture | None] = []
        self.session.asking.ask(pictures.append)
        await eventually(lambda: pictures, timeout_s=timeout_s)
        return pictures[0]


@asynccontextmanager
async def session_of(
    url: str,
    *,
    transports: tuple[LowerTransport, ...] = ("tcp", "udp"),
    pull: Pull = "all",
    certificate: str = ANY,
) -> AsyncIterator[Heard]:
    """Run a session beside the block; it has ended behind it."""
    av.logging.set_level(None)
    reports: list[tuple[float, Report]] = []
    order = Open(1, url, transports, pull, certificate)
    session = Session(order, SystemClock(), lambda report: reports.append((time.monotonic(), report)))
    pulse = Pulse()
    thread = threading.Thread(target=session.run)
    thread.start()
    try:
        with pulse.watching(session):
            yield Heard(session, reports)
    finally:
        pulse.end()
        session.close()
        await asyncio.to_thread(thread.join, 2.0)
        if thread.is_alive():
            session.shut()
            await asyncio.to_thread(thread.join, 20.0)
        assert not thread.is_alive()
