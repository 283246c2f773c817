"""A running capture and a record of everything it told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
import time

from tests.support.waiting import eventually
from wallflower_sidecar.capture import CaptureStatus, CaptureSupervisor
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.recordings import SavedFile
from wallflower_sidecar.domain.streams import Stream, StreamError, StreamState, Transport
from wallflower_sidecar.domain.transcripts import Utterance


@dataclass
class Record:
    """What a CaptureListener was told."""

    changes: list[tuple[str, CaptureStatus]] = field(default_factory=list)
    errors: list[tuple[str, StreamError]] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    started: dict[str, datetime] = field(default_factory=dict)
    ended: dict[str, datetime] = field(default_factory=dict)
    utterances: list[Utterance] = field(default_factory=list)
    drafts: list[Utterance] = field(default_factory=list)
    recordings: list[SavedFile] = field(default_factory=list)

    def capture_changed(self, stream, status, *, error_raised, recovered):
        self.changes.append((stream, status))
        if error_raised:
            self.errors.append((stream, error_raised))
        if recovered:
            self.recovered.append(stream)

    def speech_started(self, stream, utterance, at):
        assert utterance not in self.started
        self.started[utterance] = at

    def speech_ended(self, stream, utterance, at):
        assert utterance in self.started
        assert utterance not in self.ended
        self.ended[utterance] = at

    def utterance_growing(self, utterance):
        assert utterance.id in self.started
        assert utterance.id not in self.ended
        self.drafts.append(utterance)

    def utterance_ready(self, utterance):
        self.utterances.append(utterance)

    def recording_saved(self, stream, file):
        assert file.stream == stream
        self.recordings.append(file)

    def states(self, stream):
        return [status.state for name, status in self.changes if name == stream]


class Rig:
    """A CaptureSupervisor with the verbs of these tests."""

    def __init__(self, **options) -> None:
        self.record = Record()
        self.capture = CaptureSupervisor(self.record, clock=SystemClock(), **options)

    def add(self, name: str, url: str, transport: Transport = Transport.AUTO, **kwargs) -> None:
        self.capture.set_stream(Stream(name, name.title(), url, transport, **kwargs))

    def status(self, name: str) -> CaptureStatus:
        return self.capture.status(name)

    async def until(self, name: str, *states: StreamState, timeout_s: float = 10.0) -> CaptureStatus:
        def there():
            status = self.status(name)
            return status if status.state in states else None

        return await eventually(there, timeout_s=timeout_s, interval_s=0.02)

    async def until_error(self, name: str, code: str, timeout_s: float = 15.0) -> StreamError:
        def there():
            return next((error for stream, error in self.record.errors if (stream, error.code) == (name, code)), None)

        return await eventually(there, timeout_s=timeout_s, interval_s=0.02)

    async def streaming(self, name: str, timeout_s: float = 10.0) -> float:
        """Wait until the stream delivers; returns the seconds it took."""
        began = time.monotonic()
        await self.until(name, StreamState.STREAMING, timeout_s=timeout_s)
        return time.monotonic() - began


@asynccontextmanager
async def running_capture(**options) -> AsyncIterator[Rig]:
    """Run a capture beside the block, built with `options`; its worker is up when the block begins."""
    rig = Rig(**options)
    task = asyncio.create_task(rig.capture.run())
    try:
        await eventually(lambda: rig.capture.check().status.value == "ok", timeout_s=20)
        yield rig
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
