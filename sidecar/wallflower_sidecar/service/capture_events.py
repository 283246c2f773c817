"""What the capture side reports becomes stored errors, stored events and work for the transcriber."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
import logging
from typing import Protocol

from ..capture.stream.status import CaptureStatus
from ..domain.clock import Clock, format_time
from ..domain.documents import stream_document
from ..domain.errors import CaptureCode, UnavailableError
from ..domain.events import EventType, NewEvent
from ..domain.recordings import SavedFile
from ..domain.streams import StorePolicy, Stream, StreamError, StreamState, StreamStatus
from ..domain.transcripts import Utterance
from ..store import streams as stored_streams
from .events import EventLog, EventWriter
from .partials import Partials

LOGGER = logging.getLogger(__name__)

MAX_WAITING = 10_000
"""Reports that may wait for the disk; beyond it the oldest go and are counted, so that memory stays bounded."""

MAX_BATCH = 200
"""Reports written in one transaction."""

RETRY_S = 1.0
FINISH_S = 1.0

type Report = Callable[[EventWriter], Awaitable[None]]


class StreamBook(Protocol):
    """Where a report finds its stream."""

    def find(self, stream_id: str) -> Stream | None:
        """Return the stream as configured now, None once it is gone."""

    def status(self, stream_id: str) -> StreamStatus:
        """Return what is known of it now."""


class CaptureEvents:
    """The capture side's listener: takes reports without waiting, one task writes them in order."""

    def __init__(self, events: EventLog, transcribe: Callable[[Utterance], None], clock: Clock) -> None:
        """Write to the event log; hand each utterance to `transcribe`."""
        self.dropped = 0
        """Reports that were given up."""

        self.on_recording: Callable[[str, SavedFile], None] = lambda *_: None
        """Who is told of a recorded file, with its stream's id."""

        self.on_worker_died: Callable[[], None] = lambda: None
        """Who is told that a worker died, once for each of its streams."""

        self._events = events
        self._streams: StreamBook | None = None
        self._partials: Partials | None = None
        self._transcribe = transcribe
        self._clock = clock
        self._waiting: deque[Report] = deque()
        self._batch: list[Report] = []
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def follow(self, streams: StreamBook, partials: Partials) -> None:
        """Look streams up here from now on, and pass on what is being said; reports before that are not told."""
        self._streams = streams
        self._partials = partials

    def capture_changed(
        self, stream: str, status: CaptureStatus, *, error_raised: StreamError | None, recovered: bool
    ) -> None:
        """Keep an error's begin and end, and tell the stream's new state."""
        if self._streams is None or self._find(stream) is None:
            return
        if error_raised is not None and error_raised.code == CaptureCode.WORKER_DIED:
            self.on_worker_died()
        at, shown = self._clock.now(), self._streams.status(stream)
        # An error that a former run of the sidecar left open ends with the first picture or sound.
        recovered = recovered or status.state is StreamState.STREAMING

        async def report(writer: EventWriter) -> None:
            # The configuration of now: a change of it may have been told since.
            if (configured := self._find(stream)) is None:
                return
            if recovered:
                await stored_streams.recover_errors(writer.connection, stream, status.since)
            if error_raised is not None:
                await stored_streams.add_error(writer.connection, stream, error_raised)
            writer.add(NewEvent(EventType.STREAM_CHANGED, stream_document(configured, shown), at, stream))

        self._enqueue(report)

    def speech_started(self, stream: str, utterance: str, at: datetime) -> None:
        """Tell that somebody began to speak."""
        if self._partials is not None:
            self._partials.began(stream, utterance)
        self._tell_speech(EventType.SPEECH_STARTED, stream, utterance, at)

    def speech_ended(self, stream: str, utterance: str, at: datetime) -> None:
        """Tell that the speech ended."""
        if self._partials is not None:
            self._partials.ended(utterance)
        self._tell_speech(EventType.SPEECH_ENDED, stream, utterance, at)

    def utterance_growing(self, utterance: Utterance) -> None:
        """Hand on what was heard so far."""
        if self._partials is not None:
            self._partials.grew(utterance)

    def utterance_ready(self, utterance: Utterance) -> None:
        """Hand the sound of an utterance on."""
        self._transcribe(utterance)

    def recording_saved(self, stream: str, file: SavedFile) -> None:
        """Hand a recorded file on."""
        self.on_recording(stream, file)

    async def run(self) -> None:
        """Write what is reported until cancelled; what cannot be written now is tried again."""
        while True:
            await self._news.wait()
            try:
                await self._write()
            except UnavailableError:
                await asyncio.sleep(RETRY_S)

    async def finish(self) -> None:
        """Wait until `run` has written all, unless it takes too long; only then cancel it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_S):
                await self._idle.wait()
        if left := len(self._batch) + len(self._waiting):
            self.dropped += left
            LOGGER.warning("%d reports could not be stored before the stop", left)

    async def _write(self) -> None:
        """Write a batch; it is done with when it is committed or can never be."""
        while self._waiting and len(self._batch) < MAX_BATCH:
            self._batch.append(self._waiting.popleft())
        try:
            await self._commit(self._batch)
        except UnavailableError:
            raise
        except Exception:
            LOGGER.exception("%d reports cannot be stored together", len(self._batch))
            await self._write_singly()

    async def _write_singly(self) -> None:
        while self._batch:
            try:
                await self._commit(self._batch[:1])
            except UnavailableError:
                raise
            except Exception:
                self.dropped += 1
                self._done_with(1)
                LOGGER.exception("A report could not be stored")

    async def _commit(self, reports: list[Report]) -> None:
        count = len(reports)
        async with self._events.transaction() as writer:
            for report in reports:
                await report(writer)
            writer.after_commit(lambda: self._done_with(count))

    def _done_with(self, count: int) -> None:
        del self._batch[:count]
        if not self._batch and not self._waiting:
            self._news.clear()
            self._idle.set()

    def _tell_speech(self, kind: EventType, stream: str, utterance: str, at: datetime) -> None:
        if self._find(stream) is None:
            return
        data = {"stream": stream, "utterance": utterance, "at": format_time(at)}
        event = NewEvent(kind, data, self._clock.now(), stream)

        async def report(writer: EventWriter) -> None:
            if (configured := self._find(stream)) is not None:
                writer.add(event, stored=configured.store is not StorePolicy.NOTHING)
                if kind is EventType.SPEECH_STARTED and (partials := self._partials) is not None:
                    writer.after_commit(lambda: partials.start_told(utterance))

        self._enqueue(report)

    def _find(self, stream: str) -> Stream | None:
        """The stream as configured now; None once it was removed: nothing follows its `stream.removed`."""
        return None if self._streams is None else self._streams.find(stream)

    def _enqueue(self, report: Report) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            if self.dropped % 1000 == 0:
                LOGGER.warning("The disk cannot keep up; %d reports were dropped so far", self.dropped + 1)
            self.dropped += 1
        self._waiting.append(report)
        self._idle.clear()
        self._news.set()
