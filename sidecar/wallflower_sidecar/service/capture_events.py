"""What the capture side reports becomes stored errors, stored events and work for the transcriber."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from ..capture.stream.status import CaptureStatus
from ..domain.clock import Clock, format_time
from ..domain.documents import stream_document
from ..domain.errors import CaptureCode
from ..domain.events import EventType, NewEvent
from ..domain.recordings import SavedFile
from ..domain.streams import StorePolicy, Stream, StreamError, StreamState, StreamStatus
from ..domain.transcripts import Utterance
from ..store import streams as stored_streams
from .events import EventLog, EventWriter
from .partials import Partials
from .write_queue import WriteQueue

MAX_WAITING = 10_000
MAX_BATCH = 200

type Report = Callable[[EventWriter], Awaitable[None]]


class StreamBook(Protocol):
    """Where a report finds its stream."""

    def find(self, stream_id: str) -> Stream | None:
        """Return the stream as configured now, None once it is gone."""

    def find_kept(self, stream_id: str) -> Stream | None:
        """Return it also while it is being removed."""

    def status(self, stream_id: str) -> StreamStatus:
        """Return what is known of it now."""


class CaptureEvents:
    """The capture side's listener: takes reports without waiting, `run` writes them in order."""

    def __init__(self, events: EventLog, transcribe: Callable[[Utterance], None], clock: Clock) -> None:
        """Write to the event log; hand each utterance to `transcribe`."""
        self.on_recording: Callable[[str, SavedFile], None] = lambda *_: None
        """Who is told of a recorded file, with its stream's id."""

        self.on_worker_died: Callable[[], None] = lambda: None
        """Who is told that a worker died, once for each of its streams."""

        self._streams: StreamBook | None = None
        self._partials: Partials | None = None
        self._transcribe = transcribe
        self._clock = clock
        self._waiting = WriteQueue[Report](events, _write, name="reports", bound=MAX_WAITING, batch=MAX_BATCH)

    @property
    def dropped(self) -> int:
        """Reports that were given up."""
        return self._waiting.lost

    def follow(self, streams: StreamBook, partials: Partials) -> None:
        """Look streams up here from now on, and pass on what is being said; reports before that are not told."""
        self._streams = streams
        self._partials = partials

    def capture_changed(
        self, stream: str, status: CaptureStatus, *, error_raised: StreamError | None, recovered: bool
    ) -> None:
        """Keep an error's begin and end, and tell the stream's new state."""
        if self._streams is None or self._streams.find(stream) is None:
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

        self._waiting.put(report)

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
        await self._waiting.run()

    async def written(self) -> None:
        """Wait until what was reported so far is told: what is heard follows its `speech.started`."""
        await self._waiting.written()

    async def finish(self) -> None:
        """Wait a moment until `run` has written all; only then cancel it."""
        await self._waiting.finish()

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

        self._waiting.put(report)

    def _find(self, stream: str) -> Stream | None:
        """The stream as configured now; None once it was removed: nothing follows its `stream.removed`."""
        return None if self._streams is None else self._streams.find_kept(stream)


async def _write(writer: EventWriter, report: Report) -> None:
    await report(writer)
