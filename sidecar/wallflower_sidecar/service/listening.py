"""From the cameras' sound to text that is kept and told: the parts on that way, and what passes between them."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from ..capture.supervisor import CaptureSupervisor
from ..domain.clock import Clock
from ..domain.transcripts import Transcript, Utterance
from ..events import Broadcaster
from ..keywords import KeywordMatcher
from ..settings import Settings
from ..speech import Scheduler, Transcriber
from ..store import Database
from .capture_events import CaptureEvents
from .early_hits import EarlyHits
from .events import EventLog
from .hints import HintBook
from .house_rules import HouseRules
from .partials import Partials
from .streams import Streams, is_transcribed
from .transcripts import Transcripts

DRAIN_S = 3.0
"""At a stop, how long utterances already heard may take to become text; SIGTERM must end everything within 10 s."""


class Listening:
    """Capture reports utterances, the transcriber makes text of them, rules are held against it, it is kept and told.

    Whoever owns it runs `capture`, `reports`, `scheduler`, `early` and `transcripts`.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        events: EventLog,
        broadcaster: Broadcaster,
        *,
        transcriber: Transcriber,
        house_rules: HouseRules,
        language: Callable[[], str | None],
        clock: Clock,
    ) -> None:
        """Build the parts; nothing runs yet. `language` is that of streams that set none."""
        matcher = KeywordMatcher()
        self.scheduler = Scheduler(
            transcriber,
            on_transcript=self.heard,
            on_draft=self.drafted,
            on_dropped=lambda utterance: self.early.gone(utterance.id),
            lag_beyond=self._lag_of_storing,
            clock=clock,
        )
        self.hints = HintBook(language, house_rules.of)
        self.reports = CaptureEvents(events, self.transcribe, clock)
        self.capture = CaptureSupervisor(self.reports, clock=clock, recordings_dir=settings.recordings_root)
        self.streams = Streams(
            database,
            events,
            capture=self.capture,
            scheduler=self.scheduler,
            matcher=matcher,
            rules_of=house_rules.of,
            clock=clock,
            max_streams=settings.max_streams,
        )
        house_rules.follow(self.streams.rules_changed)
        reported = self.reports.written
        self.early = EarlyHits(database, events, matcher=matcher, streams=self.streams, clock=clock, reported=reported)
        self.partials = Partials(
            broadcaster,
            streams=self.streams,
            capture=self.capture,
            scheduler=self.scheduler,
            hints=self.hints.of,
            early=self.early,
        )
        self.reports.follow(self.streams, self.partials)
        self.transcripts = Transcripts(
            events, matcher, clock, streams=self.streams, early=self.early, reported=reported
        )
        self.transcripts.follow_losses(self.scheduler.count_lost)

    def transcribe(self, utterance: Utterance) -> None:
        """Hand an utterance that capture reported to the transcriber."""
        stream = self.streams.find_kept(utterance.stream)
        if stream is not None and is_transcribed(stream):
            self.early.handed_over(utterance.id)
            self.scheduler.submit(utterance, self.hints.of(stream))
        else:
            self.early.gone(utterance.id)

    def drafted(self, utterance: Utterance, transcript: Transcript) -> None:
        """Hand on what the transcriber made of an utterance so far."""
        self.partials.drafted(utterance, transcript)

    def heard(self, utterance: Utterance, transcript: Transcript) -> None:
        """Hand on what the transcriber made of an utterance."""
        stream = self.streams.find_kept(utterance.stream)
        if stream is not None and is_transcribed(stream):
            self.transcripts.heard(utterance, transcript)
            self.hints.heard(utterance, transcript, self.streams)
            self.partials.suppressed(utterance, transcript)
        else:
            self.early.gone(utterance.id)

    async def drain(self) -> None:
        """Wait a moment until what was heard is text."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await self.scheduler.drain()

    def _lag_of_storing(self, stream_id: str) -> float:
        return self.transcripts.lag_of(stream_id)
