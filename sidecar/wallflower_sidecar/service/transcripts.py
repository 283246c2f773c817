"""From a transcript to what is kept and told: segment, hits and their events in one transaction."""

from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from ..domain.clock import Clock
from ..domain.documents import hit_document, segment_document
from ..domain.errors import NotFoundError
from ..domain.events import EventType, NewEvent
from ..domain.keywords import Hit
from ..domain.streams import StorePolicy, Stream
from ..domain.transcripts import Segment, Source, Transcript, Utterance, new_id
from ..keywords import KeywordMatcher
from ..store import transcripts as stored
from .early_hits import EarlyHits
from .events import EventLog
from .streams import Streams

UNDER_WAY_S = 600.0
"""So long after it was said, speech may at the latest become text: the scheduler gives up sooner."""


@dataclass(frozen=True, slots=True)
class _Forgotten:
    """What was said then must not become text; `since_s` is monotonic."""

    stream: str | None
    start: datetime
    end: datetime
    since_s: float

    def covers(self, utterance: Utterance) -> bool:
        return self.stream in (None, utterance.stream) and self.start <= utterance.start < self.end


class Transcripts:
    """What is said: heard, matched against the rules, kept as the stream's policy asks, and told."""

    def __init__(
        self, events: EventLog, matcher: KeywordMatcher, clock: Clock, *, streams: Streams, early: EarlyHits
    ) -> None:
        """Write to the event log, for the streams that are configured."""
        self._events = events
        self._matcher = matcher
        self._clock = clock
        self._streams = streams
        self._early = early
        self._forgotten: list[_Forgotten] = []
        self._on_hits: Callable[[Sequence[Hit]], None] | None = None

    def follow(self, on_hits: Callable[[Sequence[Hit]], None]) -> None:
        """Call `on_hits` at once whenever hits were committed, those of what is only said live excepted."""
        self._on_hits = on_hits

    def forget(self, stream: str | None, start: datetime, end: datetime) -> None:
        """Neither keep nor tell what was said in [start, end) and is not text yet, on one stream or on all."""
        now_s = self._clock.monotonic()
        self._forgotten = [each for each in self._forgotten if now_s - each.since_s < UNDER_WAY_S]
        self._forgotten.append(_Forgotten(stream, start, end, now_s))
        for each in self._streams.all():
            if stream in (None, each.id):
                self._matcher.forget_said(each.id)

    async def heard(self, utterance: Utterance, transcript: Transcript) -> None:
        """Keep and tell what was heard in an utterance; nothing if there are no words in it or its stream is gone."""
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
        with suppress(NotFoundError):
            await self._take(segment, utterance=utterance.id)

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
        return await self._take(segment, live_only=not store)

    async def _take(
        self, segment: Segment, *, utterance: str = "", live_only: bool = False
    ) -> tuple[Segment, list[Hit]]:
        hits: list[Hit] = []
        try:
            async with self._events.transaction() as writer:
                # Asked here, as a change or the removal of the stream may have been written while others wrote.
                stream = self._streams.get(segment.stream)
                early = self._early.told(utterance)
                hits = self._matcher.match(segment, early)
                kept = not live_only and _keeps(stream.store, hits)
                if kept:
                    await stored.insert_segment(writer.connection, segment)
                    await stored.insert_hits(writer.connection, [hit for hit in hits if hit.rule_id not in early])
                else:
                    segment = replace(segment, id=None)
                    hits = [replace(hit, segment=None) for hit in hits]
                for event in self._events_of(segment, hits, early):
                    writer.add(event, stored=kept)
                await self._early.settle(writer, utterance, hits, segment, stream)
                writer.after_commit(lambda: self._streams.note_transcript(segment))
                if hits and not live_only and (on_hits := self._on_hits) is not None:
                    writer.after_commit(lambda: on_hits(hits))
        except BaseException:
            for hit in hits:
                self._matcher.take_back(hit)
            raise
        return segment, hits

    def _events_of(self, segment: Segment, hits: Sequence[Hit], early: Container[str]) -> list[NewEvent]:
        now = self._clock.now()
        events = [NewEvent(EventType.TRANSCRIPT_FINAL, segment_document(segment), now, segment.stream, segment.id)]
        for hit in hits:
            kind = EventType.KEYWORD_CONFIRMED if hit.rule_id in early else EventType.KEYWORD_DETECTED
            events.append(NewEvent(kind, hit_document(hit), now, segment.stream, segment.id))
        return events


def _keeps(policy: StorePolicy, hits: Sequence[Hit]) -> bool:
    """Whether a segment with these hits is stored."""
    return policy in {StorePolicy.ALL, StorePolicy.TEXT} or (policy is StorePolicy.KEYWORDS and bool(hits))
