"""From a transcript to what is kept and told: segment, hits and their events in one transaction."""

from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ..domain.clock import Clock
from ..domain.documents import hit_document, segment_document
from ..domain.events import EventType, NewEvent
from ..domain.health import Check, HealthStatus
from ..domain.keywords import Hit
from ..domain.streams import StorePolicy, Stream
from ..domain.transcripts import Segment, Source, Transcript, Utterance, new_id
from ..keywords import KeywordMatcher
from ..store import transcripts as stored
from .early_hits import EarlyHits
from .events import EventLog, EventWriter
from .streams import Streams
from .write_queue import WriteQueue

MAX_WAITING = 5_000
"""Sentences that may wait for the database: those of a day or two in a house, about 20 MB with their words."""

WAITS_S = 5.0
"""A sentence that waits longer is not merely waiting for its turn."""

UNDER_WAY_S = 600.0
"""So long after it was said, speech may at the latest become text: the scheduler gives up sooner."""


@dataclass(frozen=True, slots=True)
class _Forgotten:
    """What was said then must not become text; `since_s` is monotonic."""

    stream: str | None
    start: datetime
    end: datetime
    since_s: float

    def covers(self, said: Utterance | Segment) -> bool:
        return self.stream in (None, said.stream) and self.start <= said.start < self.end


@dataclass(frozen=True, slots=True)
class _Said:
    """A segment on its way to the database since `since_s` (monotonic); its id is that of its utterance for good."""

    segment: Segment
    utterance: str
    since_s: float


class Transcripts:
    """What is said: heard, matched against the rules, kept as the stream's policy asks, and told."""

    def __init__(
        self,
        events: EventLog,
        matcher: KeywordMatcher,
        clock: Clock,
        *,
        streams: Streams,
        early: EarlyHits,
        reported: Callable[[], Awaitable[None]],
    ) -> None:
        """Write to the event log, for the streams that are configured; `run` does it for what was heard.

        `reported` waits until what capture reported so far is told.
        """
        self._events = events
        self._matcher = matcher
        self._clock = clock
        self._streams = streams
        self._early = early
        self._forgotten: list[_Forgotten] = []
        self._on_hits: Callable[[Sequence[Hit]], None] | None = None
        self._waiting = WriteQueue(
            events, self._keep, name="sentences", bound=MAX_WAITING, on_lost=self._lost, before=reported
        )
        self._on_lost: Callable[[str, float], None] = lambda *_: None
        streams.follow(lambda: self._drop(lambda segment: streams.find_kept(segment.stream) is None))

    def follow_losses(self, on_lost: Callable[[str, float], None]) -> None:
        """Call `on_lost` with a stream and seconds of its speech whenever text of it is given up."""
        self._on_lost = on_lost

    def follow(self, on_hits: Callable[[Sequence[Hit]], None]) -> None:
        """Call `on_hits` at once whenever hits were committed, those of what is only said live excepted."""
        self._on_hits = on_hits

    def forget(self, stream: str | None, start: datetime, end: datetime) -> None:
        """Neither keep nor tell what was said in [start, end) and is not text yet, on one stream or on all."""
        now_s = self._clock.monotonic()
        self._forgotten = [each for each in self._forgotten if now_s - each.since_s < UNDER_WAY_S]
        forgotten = _Forgotten(stream, start, end, now_s)
        self._forgotten.append(forgotten)
        self._drop(forgotten.covers)
        for each in self._streams.all():
            if stream in (None, each.id):
                self._matcher.forget_said(each.id)

    async def run(self) -> None:
        """Keep and tell what was heard until cancelled; what cannot be written now is tried again."""
        await self._waiting.run()

    async def finish(self) -> None:
        """Wait a moment until `run` has written all; only then cancel it."""
        await self._waiting.finish()

    def check(self) -> Check:
        """Whether what is heard can be kept."""
        lost = f" {self._waiting.lost} were given up since the start." if self._waiting.lost else ""
        if self.lag_s > WAITS_S:
            detail = f"{len(self._waiting)} sentences wait for the database.{lost}"
            return Check("transcripts", HealthStatus.DEGRADED, detail)
        return Check("transcripts", HealthStatus.OK, f"What is heard is stored.{lost}")

    @property
    def lag_s(self) -> float:
        """Seconds since the oldest sentence that is not stored was heard; 0 without one."""
        return self._lag_of(next(iter(self._waiting), None))

    def lag_of(self, stream: str) -> float:
        """The same for one stream."""
        return self._lag_of(next((said for said in self._waiting if said.segment.stream == stream), None))

    def heard(self, utterance: Utterance, transcript: Transcript) -> None:
        """Have `run` keep and tell what was heard in an utterance; nothing if there are no words in it."""
        if not transcript.text or any(each.covers(utterance) for each in self._forgotten):
            self._early.gone(utterance.id)
            return
        segment = Segment(
            id=new_id(),
            stream=utterance.stream,
            start=utterance.start,
            end=utterance.end,
            text=transcript.text,
            language=transcript.language,
            confidence=transcript.confidence,
            words=transcript.words,
        )
        self._waiting.put(_Said(segment, utterance.id, self._clock.monotonic()))

    async def simulate(self, stream: Stream, text: str, confidence: float, *, store: bool) -> tuple[Segment, list[Hit]]:
        """Send text down the same way as speech, marked as simulated."""
        now = self._clock.now()
        segment = Segment(
            id=new_id(),
            stream=stream.id,
            start=now,
            end=now,
            text=text,
            language=stream.language,
            confidence=confidence,
            source=Source.SIMULATED,
        )
        async with self._events.transaction() as writer:
            # Asked here, as a change or the removal of the stream may have been written while others wrote.
            return await self._take(writer, self._streams.get(stream.id), segment, live_only=not store)

    async def _keep(self, writer: EventWriter, said: _Said) -> None:
        """Write what was heard, as the configuration of now asks; nothing of a stream that was removed."""
        stream = self._streams.find_kept(said.segment.stream)
        if stream is None:
            self._early.gone(said.utterance)
        else:
            await self._take(writer, stream, said.segment, utterance=said.utterance)

    async def _take(
        self, writer: EventWriter, stream: Stream, segment: Segment, *, utterance: str = "", live_only: bool = False
    ) -> tuple[Segment, list[Hit]]:
        early = self._early.told(utterance)
        hits = self._matcher.match(segment, early)
        writer.after_failure(lambda: self._take_back(segment, hits))
        kept = not live_only and _keeps(stream.store, hits)
        if kept:
            await stored.insert_segment(writer.connection, segment)
            await stored.insert_hits(writer.connection, [hit for hit in hits if hit.rule_id not in early])
            taken = segment, hits
        else:
            taken = replace(segment, id=None), [replace(hit, segment=None) for hit in hits]
        for event in self._events_of(*taken, early, utterance):
            writer.add(event, stored=kept)
        await self._early.settle(writer, utterance, taken[1], taken[0], stream)
        writer.after_commit(lambda: self._streams.note_transcript(segment))
        if hits and not live_only and (on_hits := self._on_hits) is not None:
            writer.after_commit(lambda: on_hits(taken[1]))
        return taken

    def _take_back(self, segment: Segment, hits: Sequence[Hit]) -> None:
        self._matcher.unhear(segment)
        for hit in hits:
            self._matcher.take_back(hit)

    def _lost(self, said: _Said) -> None:
        self._early.gone(said.utterance)
        self._on_lost(said.segment.stream, (said.segment.end - said.segment.start).total_seconds())

    def _lag_of(self, said: _Said | None) -> float:
        return 0.0 if said is None else self._clock.monotonic() - said.since_s

    def _drop(self, unwanted: Callable[[Segment], bool]) -> None:
        for said in self._waiting.drop(lambda said: unwanted(said.segment)):
            self._early.gone(said.utterance)

    def _events_of(
        self, segment: Segment, hits: Sequence[Hit], early: Container[str], utterance: str
    ) -> list[NewEvent]:
        now = self._clock.now()
        # Whoever follows partials knows by its utterance what the sentence takes the place of.
        final = segment_document(segment) | ({"utterance": utterance} if utterance else {})
        events = [NewEvent(EventType.TRANSCRIPT_FINAL, final, now, segment.stream, segment.id)]
        for hit in hits:
            kind = EventType.KEYWORD_CONFIRMED if hit.rule_id in early else EventType.KEYWORD_DETECTED
            events.append(NewEvent(kind, hit_document(hit), now, segment.stream, segment.id))
        return events


def _keeps(policy: StorePolicy, hits: Sequence[Hit]) -> bool:
    """Whether a segment with these hits is stored."""
    return policy in {StorePolicy.ALL, StorePolicy.TEXT} or (policy is StorePolicy.KEYWORDS and bool(hits))
