"""Hits of rules that are `early`: told while it is spoken, settled when it is text or never will be."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from ..domain.clock import Clock
from ..domain.documents import hit_document
from ..domain.errors import UnavailableError
from ..domain.events import EventType, NewEvent
from ..domain.keywords import Hit, HitState
from ..domain.streams import StorePolicy, Stream
from ..domain.transcripts import Segment, Transcript, Utterance
from ..keywords import KeywordMatcher
from ..store import Database, keywords as stored, transcripts as stored_transcripts
from .events import EventLog, EventWriter
from .streams import Streams, is_transcribed

LOST_AFTER_S = 5.0
"""An utterance whose sound is not handed over so long after its end went down with its session."""

RETRY_S = 1.0


@dataclass(slots=True)
class _Open:
    """An utterance with early hits, by rule; `told` are committed, `waiting` not yet."""

    stream: str
    told: dict[str, Hit] = field(default_factory=dict)
    waiting: dict[str, Hit] = field(default_factory=dict)
    ended_s: float | None = None
    over: bool = False
    """It will never be text."""


class EarlyHits:
    """Tells each early hit once and settles it once: confirmed or retracted, whatever becomes of its utterance."""

    def __init__(
        self,
        database: Database,
        events: EventLog,
        *,
        matcher: KeywordMatcher,
        streams: Streams,
        clock: Clock,
        reported: Callable[[], Awaitable[None]],
    ) -> None:
        """Follow the streams' drafts; `run` writes, once what capture reported so far is told: `reported` waits."""
        self._database = database
        self._events = events
        self._matcher = matcher
        self._streams = streams
        self._clock = clock
        self._reported = reported
        self._open: dict[str, _Open] = {}
        self._news = asyncio.Event()
        streams.follow(self._streams_changed)
        streams.follow_removals(self._removed)

    async def retract_left_over(self) -> None:
        """Retract what a former run told early and never settled."""
        async with self._database.read() as connection:
            left = await stored.early_hits(connection)
        mine = [hit for hit in left if self._streams.find(hit.stream) is not None]
        if mine:
            async with self._events.transaction() as writer:
                for hit in mine:
                    await self._retract(writer, hit, None)

    def drafted(self, utterance: Utterance, transcript: Transcript) -> None:
        """Look for early rules in what was said so far."""
        known = self._open.get(utterance.id)
        fired = frozenset[str]() if known is None else known.told.keys() | known.waiting.keys()
        hits = self._matcher.match_draft(_draft(utterance, transcript), fired)
        if hits:
            opened = self._open.setdefault(utterance.id, _Open(utterance.stream))
            opened.waiting |= {hit.rule_id: hit for hit in hits}
            self._news.set()

    def ended(self, utterance: str) -> None:
        """Its speech ended; its sound must follow."""
        if known := self._open.get(utterance):
            known.ended_s = self._clock.monotonic()
            self._news.set()

    def handed_over(self, utterance: str) -> None:
        """Its sound is there: the scheduler makes text of it or says that it gave it up."""
        if known := self._open.get(utterance):
            known.ended_s = None

    def gone(self, utterance: str) -> None:
        """It will never be text: what was told early is retracted."""
        if known := self._open.get(utterance):
            known.over = True
            self._news.set()

    def told(self, utterance: str) -> Mapping[str, Hit]:
        """Within a transaction for the final text: the hits that it has to settle, by rule.

        What nobody was told yet is dropped, as the final text decides for itself.
        """
        known = self._open.get(utterance)
        if known is None:
            return {}
        for hit in known.waiting.values():
            self._matcher.take_back(hit)
        known.waiting.clear()
        return known.told

    async def settle(
        self, writer: EventWriter, utterance: str, hits: Sequence[Hit], segment: Segment, stream: Stream
    ) -> None:
        """Within that transaction: keep the early hits that the final text still holds, tell that the rest are none.

        The segment has an id if it is stored.
        """
        known = self._open.get(utterance)
        if known is None:
            return
        final = {hit.rule_id: hit for hit in hits}
        for rule_id, early in known.told.items():
            hit = final.get(rule_id)
            if hit is None:
                await self._retract(writer, early, stream, segment.id)
            elif segment.id is not None:
                await stored.confirm_hit(writer.connection, hit)
            else:
                await stored.close_hit(writer.connection, hit)
        writer.after_commit(lambda: self._forget(utterance))

    async def forget(self, stream: str | None) -> None:
        """Retract what was told early, of one stream or of all, without a word of it and without a trace."""
        async with self._events.transaction() as writer:
            for utterance, each in tuple(self._open.items()):
                if stream in (None, each.stream) and (known := self._streams.find_kept(each.stream)) is not None:
                    each.told = {rule_id: replace(hit, text="") for rule_id, hit in each.told.items()}
                    await self._close(writer, utterance, each, replace(known, store=StorePolicy.NOTHING))

    async def run(self) -> None:
        """Tell and retract until cancelled; what cannot be written now is tried again."""
        while True:
            self._news.clear()
            self._give_up_lost()
            try:
                await self._write()
            except UnavailableError:
                await asyncio.sleep(RETRY_S)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(LOST_AFTER_S if self._ending else None):
                    await self._news.wait()

    @property
    def _ending(self) -> bool:
        return any(each.ended_s is not None for each in self._open.values())

    def _give_up_lost(self) -> None:
        now_s = self._clock.monotonic()
        for each in self._open.values():
            if each.ended_s is not None and now_s - each.ended_s >= LOST_AFTER_S:
                each.over = True

    async def _write(self) -> None:
        due = [utterance for utterance, each in self._open.items() if each.waiting or each.over]
        if not due:
            return
        await self._reported()
        async with self._events.transaction() as writer:
            for utterance in due:
                # The state and configuration of now; of a stream that was removed all was settled with it.
                each = self._open.get(utterance)
                stream = None if each is None else self._streams.find_kept(each.stream)
                if each is None or stream is None:
                    continue
                if each.over:
                    await self._close(writer, utterance, each, stream)
                else:
                    await self._tell(writer, each, stream)

    async def _tell(self, writer: EventWriter, each: _Open, stream: Stream) -> None:
        hits = list(each.waiting.values())
        kept = stream.store is not StorePolicy.NOTHING
        if kept:
            await stored_transcripts.insert_hits(writer.connection, hits)
        for hit in hits:
            event = NewEvent(EventType.KEYWORD_DETECTED, hit_document(hit), self._clock.now(), hit.stream, hit.id)
            writer.add(event, stored=kept)

        def note_told() -> None:
            for hit in hits:
                each.told[hit.rule_id] = each.waiting.pop(hit.rule_id)

        writer.after_commit(note_told)

    async def _close(self, writer: EventWriter, utterance: str, each: _Open, stream: Stream | None) -> None:
        for hit in each.told.values():
            await self._retract(writer, hit, stream)
        for hit in each.waiting.values():
            self._matcher.take_back(hit)
        writer.after_commit(lambda: self._forget(utterance))

    async def _retract(
        self, writer: EventWriter, early: Hit, stream: Stream | None, segment: str | None = None
    ) -> None:
        """Tell that an early hit was none, on disk only where it is on disk itself and still may be."""
        hit = replace(early, state=HitState.RETRACTED, segment=segment)
        held = await stored.close_hit(writer.connection, hit)
        kept = held and (stream is None or stream.store is not StorePolicy.NOTHING)
        belongs_to = hit.segment or hit.id
        event = NewEvent(EventType.KEYWORD_RETRACTED, hit_document(hit), self._clock.now(), hit.stream, belongs_to)
        writer.add(event, stored=kept)
        writer.after_commit(lambda: self._matcher.take_back(hit))

    async def _removed(self, writer: EventWriter, stream: Stream, purge: bool) -> None:  # noqa: FBT001
        """A stream is being removed: its hits are settled with it, without a trace where all of it goes."""
        policy = replace(stream, store=StorePolicy.NOTHING) if purge else stream
        for utterance, each in tuple(self._open.items()):
            if each.stream == stream.id:
                await self._close(writer, utterance, each, policy)

    def _forget(self, utterance: str) -> None:
        self._open.pop(utterance, None)

    def _streams_changed(self) -> None:
        for each in self._open.values():
            stream = self._streams.find(each.stream)
            if stream is not None and not is_transcribed(stream):
                each.over = True
                self._news.set()


def _draft(utterance: Utterance, transcript: Transcript) -> Segment:
    return Segment(
        id=None,
        stream=utterance.stream,
        start=utterance.start,
        end=utterance.end,
        text=transcript.text,
        language=transcript.language,
        confidence=transcript.confidence,
    )
