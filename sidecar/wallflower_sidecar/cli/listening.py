"""Listening without a server: a capture supervisor of one's own, and what it reports."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, override

from ..capture import CaptureListener, CaptureStatus, CaptureSupervisor
from ..domain.clock import SystemClock
from ..domain.recordings import SavedFile
from ..domain.streams import StreamError
from ..domain.transcripts import Utterance


class Deaf(CaptureListener):
    """Takes no notice of anything."""

    @override
    def capture_changed(
        self, stream: str, status: CaptureStatus, *, error_raised: StreamError | None, recovered: bool
    ) -> None: ...

    @override
    def speech_started(self, stream: str, utterance: str, at: datetime) -> None: ...

    @override
    def speech_ended(self, stream: str, utterance: str, at: datetime) -> None: ...

    @override
    def utterance_growing(self, utterance: Utterance) -> None: ...

    @override
    def utterance_ready(self, utterance: Utterance) -> None: ...

    @override
    def recording_saved(self, stream: str, file: SavedFile) -> None: ...


@asynccontextmanager
async def capturing(listener: CaptureListener) -> AsyncGenerator[CaptureSupervisor]:
    """Run a supervisor within the block."""
    supervisor = CaptureSupervisor(listener, clock=SystemClock())
    async with at_work(supervisor.run()):
        yield supervisor


@asynccontextmanager
async def at_work(work: Any) -> AsyncGenerator[None]:
    """Run a coroutine beside the block, cancel it afterwards and wait until it has cleaned up."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
