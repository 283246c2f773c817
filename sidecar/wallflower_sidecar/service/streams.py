"""The streams as configured: kept in the database first, then followed by capture, rules and scheduler."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime

from ..capture.stream.status import ProbeResult
from ..capture.supervisor import CaptureSupervisor
from ..domain.camera_certificate import ANY
from ..domain.camera_url import CameraUrl
from ..domain.clock import Clock
from ..domain.documents import stream_document
from ..domain.errors import ConflictError, NotFoundError
from ..domain.events import EventType, NewEvent
from ..domain.keywords import Rule, RuleFault
from ..domain.streams import Stream, StreamState, StreamStatus, TranscriptionStatus, Transport
from ..domain.transcripts import Segment
from ..keywords import LONGEST_COOLDOWN, KeywordMatcher, validate_rules
from ..speech import Scheduler
from ..store import (
    Database,
    keywords as stored_keywords,
    recordings as stored_recordings,
    streams as stored,
    transcripts as stored_transcripts,
)
from ..store.streams import RecordedError
from .events import EventLog, EventWriter, forgotten_event

__all__ = ["ProbeResult", "RecordedError", "Streams"]


class Streams:
    """Every change is committed with its event before anything acts on it."""

    def __init__(
        self,
        database: Database,
        events: EventLog,
        *,
        capture: CaptureSupervisor,
        scheduler: Scheduler,
        matcher: KeywordMatcher,
        rules_of: Callable[[Stream], Sequence[Rule]] = lambda stream: stream.keywords,
        clock: Clock,
        max_streams: int,
    ) -> None:
        """Start without streams; `load` brings those of the database. `rules_of` are those that hold for a stream."""
        self._database = database
        self._events = events
        self._capture = capture
        self._scheduler = scheduler
        self._matcher = matcher
        self.rules_of = rules_of
        self._clock = clock
        self._max_streams = max_streams
        self._streams: dict[str, Stream] = {}
        self._leaving: dict[str, Stream] = {}
        """Those whose removal is not committed yet; it may fail, and then nothing of them may be lost."""

        self._changing = asyncio.Lock()
        self._last_transcript_at: dict[str, datetime] = {}
        self._followers: list[Callable[[], None]] = []
        self._on_removal: Callable[[EventWriter, Stream, bool], Awaitable[None]] | None = None
        self._on_purge: Callable[[str], Awaitable[None]] | None = None

    def follow(self, on_change: Callable[[], None]) -> None:
        """Call `on_change` at once whenever a stream was added, changed or removed."""
        self._followers.append(on_change)

    def follow_removals(self, on_removal: Callable[[EventWriter, Stream, bool], Awaitable[None]]) -> None:
        """Await `on_removal` within the transaction of a removal, before it is told; True with all it left."""
        self._on_removal = on_removal

    def follow_purges(self, on_purge: Callable[[str], Awaitable[None]]) -> None:
        """Await `on_purge` before a stream is removed with all it left; what that raises takes the removal back."""
        self._on_purge = on_purge

    async def load(self) -> None:
        """Start what the database holds."""
        async with self._database.read() as connection:
            streams = await stored.load_streams(connection)
            hits = await stored_keywords.last_hits(connection, self._clock.now() - LONGEST_COOLDOWN)
        await self.look_up_last_transcripts()
        for stream in streams:
            self._take_up(stream)
        self._matcher.remember(hits)

    def all(self) -> list[Stream]:
        """Return all streams, ordered by id."""
        return [self._streams[key] for key in sorted(self._streams)]

    def find(self, stream_id: str) -> Stream | None:
        """Return a stream, None if there is none."""
        return self._streams.get(stream_id)

    def find_kept(self, stream_id: str) -> Stream | None:
        """Return a stream also while it is being removed: until that is committed what was heard is written."""
        return self._streams.get(stream_id) or self._leaving.get(stream_id)

    def get(self, stream_id: str) -> Stream:
        """Return a stream; raises NotFoundError."""
        stream = self._streams.get(stream_id)
        if stream is None:
            raise NotFoundError("There is no stream with this id.")
        return stream

    def status(self, stream_id: str) -> StreamStatus:
        """Return what is known of a stream now."""
        return self._status_of(self.get(stream_id))

    def note_transcript(self, segment: Segment) -> None:
        """Remember when the newest words of a stream ended."""
        self._last_transcript_at[segment.stream] = segment.end

    def faults_of(self, rules: Sequence[Rule]) -> list[RuleFault]:
        """Return why some of these rules do not work on one stream or another, one reason for each."""
        wanted = {rule.id for rule in rules}
        own = {(stream.id, rule.id) for stream in self._streams.values() for rule in stream.keywords}
        faults = {
            fault.rule: fault
            for stream_id in self._streams
            for fault in self._matcher.faults(stream_id)
            if fault.rule in wanted and (stream_id, fault.rule) not in own
        }
        return list(faults.values())

    def rules_changed(self) -> None:
        """Hold the rules of all streams against what is said from now on."""
        for stream in self._streams.values():
            self._matcher.set_rules(stream.id, self.rules_of(stream))
        self._changed()

    async def look_up_last_transcripts(self) -> None:
        """Learn when the newest words of each stream ended, once some were forgotten."""
        async with self._database.read() as connection:
            self._last_transcript_at = await stored.last_transcripts(connection)

    async def put(self, stream: Stream) -> bool:
        """Add or replace a stream, True if it is new; raises FieldError (a mask that fits nothing), ConflictError."""
        async with self._changing:
            before = self._streams.get(stream.id)
            if before is None and len(self._streams) >= self._max_streams:
                raise ConflictError(f"There are {self._max_streams} streams already; MAX_STREAMS allows no more.")
            await self._change(before, stream)
        return before is None

    async def patch(self, stream_id: str, change: Callable[[Stream], Stream]) -> Stream:
        """Change a stream by a pure function of it; raises NotFoundError, FieldError."""
        async with self._changing:
            before = self.get(stream_id)
            await self._change(before, change(before))
            return self._streams[stream_id]

    async def delete(self, stream_id: str, *, purge: bool) -> None:
        """Remove a stream; its text and recordings stay until retention, or go at once with `purge`.

        Raises NotFoundError, and UnavailableError when they cannot be removed: then nothing is.
        """
        async with self._changing:
            # First of all, so that nobody changes it meanwhile.
            stream = self._leaving[stream_id] = self.get(stream_id)
            del self._streams[stream_id]
            try:
                await self._capture.remove_stream(stream_id)
                if purge and self._on_purge is not None:
                    await self._on_purge(stream_id)
                async with self._events.erasure() if purge else self._events.transaction() as writer:
                    await self._remove(writer, stream, purge=purge)
                    writer.after_commit(lambda: self._removed(stream_id))
            finally:
                if self._leaving.pop(stream_id, None) is not None:
                    self._take_up(stream)

    def restart(self, stream_id: str) -> None:
        """Start the session anew at once, clearing backoff and breaker; raises NotFoundError."""
        self.get(stream_id)
        self._capture.restart(stream_id)

    def record_by_hand(self, stream_id: str, *, on: bool) -> None:
        """Record beside what the mode says, or no longer; raises NotFoundError, ConflictError where it cannot be."""
        if on and not self.get(stream_id).enabled:
            raise ConflictError("The stream is switched off. Switch it on to record it.")
        self.get(stream_id)
        self._capture.record_by_hand(stream_id, on=on)

    async def snapshot(self, stream_id: str, width: int | None) -> bytes:
        """Return a JPEG of the newest picture; raises NotFoundError, UnavailableError after 10 s without one."""
        self.get(stream_id)
        return await self._capture.snapshot(stream_id, width)

    def watch(self, stream_id: str, width: int | None, fps: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Watch as JPEGs, from the first on; raises NotFoundError, UnavailableError after 10 s without a picture."""
        self.get(stream_id)
        return self._capture.viewers.watch(stream_id, width, fps)

    async def probe(
        self, url: str, transport: Transport, certificate: str | None, stream_id: str | None
    ) -> ProbeResult:
        """Ask a camera what it offers; `***` and no certificate stand for the stream's.

        Raises CaptureError, FieldError.
        """
        known = None if stream_id is None else self.get(stream_id)
        address = CameraUrl.parse(url).unmasked(None if known is None else CameraUrl.parse(known.url))
        certificate = certificate or (ANY if known is None else known.certificate)
        return await self._capture.probe(address.text, transport, certificate)

    async def errors(self, stream_id: str) -> list[RecordedError]:
        """Return the last 100 errors, newest first; raises NotFoundError."""
        self.get(stream_id)
        async with self._database.read() as connection:
            return await stored.list_errors(connection, stream_id)

    async def _change(self, before: Stream | None, after: Stream) -> None:
        known = None if before is None else CameraUrl.parse(before.url)
        after = replace(after, url=CameraUrl.parse(after.url).unmasked(known).text)
        if after == before:
            return
        await asyncio.to_thread(validate_rules, after.keywords, "keywords")
        async with self._events.transaction() as writer:
            # Looked at here, as reports of its state may have been told while others wrote.
            now = self._clock.now()
            status = StreamStatus(StreamState.IDLE, now) if before is None else self._status_of(after)
            await stored.save_stream(writer.connection, after)
            writer.add(NewEvent(EventType.STREAM_CHANGED, stream_document(after, status), now, after.id))
            writer.after_commit(lambda: self._take_up(after))

    async def _remove(self, writer: EventWriter, stream: Stream, *, purge: bool) -> None:
        if self._on_removal is not None:
            await self._on_removal(writer, stream, purge)
        await stored.delete_stream(writer.connection, stream.id)
        if purge:
            await stored_transcripts.purge(writer.connection, stream.id)
            await stored_recordings.purge(writer.connection, stream.id, self._clock.now())
            writer.add(forgotten_event(self._clock.now(), stream.id))
        writer.add(NewEvent(EventType.STREAM_REMOVED, {"stream": stream.id}, self._clock.now(), stream.id))

    def _removed(self, stream_id: str) -> None:
        """Have capture, rules and scheduler follow a removal that is committed."""
        self._leaving.pop(stream_id, None)
        if self._streams.pop(stream_id, None) is not None:
            # Nobody was answered when it was committed, so it was taken up again.
            self._capture.drop_stream(stream_id)
        self._scheduler.forget(stream_id)
        self._matcher.forget(stream_id)
        self._last_transcript_at.pop(stream_id, None)
        self._changed()

    def _status_of(self, stream: Stream) -> StreamStatus:
        capture = self._capture.status(stream.id)
        return StreamStatus(
            state=capture.state,
            since=capture.since,
            error=capture.error,
            next_retry_at=capture.next_retry_at,
            reconnects=capture.reconnects,
            video=capture.video,
            audio=capture.audio,
            speaking=capture.speaking,
            recording=capture.recording,
            transcription=self._scheduler.status(stream.id) if is_transcribed(stream) else TranscriptionStatus(),
            last_transcript_at=self._last_transcript_at.get(stream.id),
            rule_faults=tuple(self._matcher.faults(stream.id)),
        )

    def _take_up(self, stream: Stream) -> None:
        """Have capture, rules and scheduler follow what is committed."""
        self._streams[stream.id] = stream
        self._matcher.set_rules(stream.id, self.rules_of(stream))
        self._capture.set_stream(stream)
        if not is_transcribed(stream):
            self._scheduler.forget(stream.id)
        self._changed()

    def _changed(self) -> None:
        for follower in self._followers:
            follower()


def is_transcribed(stream: Stream) -> bool:
    """Whether what a stream hears becomes text; what it heard just before it was switched off does not."""
    return stream.enabled and stream.transcribe
