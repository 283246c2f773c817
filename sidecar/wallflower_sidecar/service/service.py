"""Wires the parts together and owns their tasks from start to stop."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
import logging
from typing import Any, Self

from ..capture.supervisor import CaptureSupervisor
from ..domain.clock import Clock, SystemClock
from ..domain.health import Check, TranscriberInfo
from ..domain.transcripts import Transcript, Utterance
from ..events import Broadcaster
from ..keywords import KeywordMatcher
from ..settings import Settings
from ..speech import ModelLibrary, Scheduler, SwitchableTranscriber, Transcriber
from ..store import Database
from .access import Access
from .archive import Archive
from .capture_events import CaptureEvents
from .clips import Clips
from .configuration import Configuration
from .early_hits import EarlyHits
from .events import EventLog
from .files import Files
from .forgetting import Forgetting
from .health import HealthWatch, cameras_check, disk_check, keywords_check, transcriber_check
from .hints import HintBook
from .house_rules import HouseRules
from .keyword_history import KeywordHistory
from .partials import Partials
from .places import database_place
from .recogniser import make_transcriber
from .recordings import Recordings
from .retention import Retention
from .streams import Streams, is_transcribed
from .text_forgetting import TextForgetting
from .transcription_watch import TranscriptionWatch
from .transcripts import Transcripts
from .upkeep import Upkeep

LOGGER = logging.getLogger(__name__)

DRAIN_S = 3.0
"""At a stop, how long utterances already heard may take to become text; SIGTERM must end everything within 10 s."""


class Service:
    """The running sidecar without its HTTP side; `open` starts it, leaving the block stops it."""

    def __init__(
        self, settings: Settings, database: Database, clock: Clock, environ: Mapping[str, str] | None = None
    ) -> None:
        """Build the parts on an open database; nothing runs yet."""
        self.configuration = Configuration(settings, on_engine=self._switch_engine, environ=environ)
        self.server_id = database.server_id
        self.started_at = clock.now()
        self._database = database
        self._clock = clock
        self._broadcaster = Broadcaster()
        matcher = KeywordMatcher()
        self.models = ModelLibrary(settings.models_dir, clock)
        self._transcriber = SwitchableTranscriber(self._make_transcriber(settings))
        self._scheduler = Scheduler(
            self._transcriber,
            on_transcript=self._heard,
            on_draft=self._drafted,
            on_dropped=lambda utterance: self._early.gone(utterance.id),
            lag_beyond=self._lag_of_storing,
            clock=clock,
        )
        self._upkeep = Upkeep(clock)
        self.events = EventLog(database, self._broadcaster, self._upkeep.failures)
        self.house_rules = HouseRules(database, self.events, clock)
        self._hints = HintBook(lambda: self.configuration.settings.language, self.house_rules.of)
        self.access = Access(database, settings, clock)
        self._reports = CaptureEvents(self.events, self._transcribe, clock)
        self._capture = CaptureSupervisor(self._reports, clock=clock, recordings_dir=settings.recordings_root)
        self.streams = Streams(
            database,
            self.events,
            capture=self._capture,
            scheduler=self._scheduler,
            matcher=matcher,
            rules_of=self.house_rules.of,
            clock=clock,
            max_streams=settings.max_streams,
        )
        self.house_rules.follow(self.streams.rules_changed)
        reported = self._reports.written
        self._early = EarlyHits(
            database, self.events, matcher=matcher, streams=self.streams, clock=clock, reported=reported
        )
        self._partials = Partials(
            self._broadcaster,
            streams=self.streams,
            capture=self._capture,
            scheduler=self._scheduler,
            hints=self._hints.of,
            early=self._early,
        )
        self._reports.follow(self.streams, self._partials)
        self.transcripts = Transcripts(
            self.events, matcher, clock, streams=self.streams, early=self._early, reported=reported
        )
        self.transcripts.follow_losses(self._scheduler.count_lost)
        self.archive = Archive(database)
        self.keyword_history = KeywordHistory(database, self.archive)
        self.recordings = Recordings(
            settings.recordings_root,
            database,
            self.events,
            streams=self.streams,
            keep=self._capture.keep,
            clock=clock,
        )
        self.clips = Clips(self.recordings, clock, settings.data_dir / "clips")
        self.text_forgetting = TextForgetting(self.archive, self.events, clock)
        self.forgetting = Forgetting(
            text=self.text_forgetting,
            transcripts=self.transcripts,
            early=self._early,
            recordings=self.recordings,
            clips=self.clips,
            streams=self.streams,
            capture=self._capture,
            clock=clock,
        )
        self._reports.on_recording = self.recordings.saved
        self._reports.on_worker_died = self.recordings.care.look_for_leftovers
        self.transcripts.follow(self.recordings.hits_found)
        self.streams.follow_purges(self._purge_recordings)
        self.files = Files(
            settings.data_dir / "uploads",
            transcribe=self._scheduler.transcribe,
            transcriber=self.transcriber,
            clock=clock,
        )
        self._health = HealthWatch(
            self.events,
            clock,
            checks=self.health,
            transcriber=self.transcriber,
            models=self.models.unfinished,
            write_failed=lambda: database.write_failed,
        )
        self._transcription = TranscriptionWatch(self.events, self.streams, clock)
        self._retention = Retention(database, clock)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, clock: Clock | None = None, environ: Mapping[str, str] | None = None
    ) -> AsyncGenerator[Self]:
        """Start everything, yield the running service, stop everything in reverse order.

        `environ` is where the settings came from, and come from at a reload; by default the process's environment.
        """
        clock = clock or SystemClock()
        database = await Database.open(database_place(settings), clock=clock, as_sidecar=True)
        try:
            service = cls(settings, database, clock, environ)
            service.files.remove_leftovers()
            await service.recordings.prepare()
            await service.house_rules.load()
            await service.streams.load()
            await service._early.retract_left_over()
            async with service._running():
                yield service
        finally:
            await database.close()

    def health(self) -> list[Check]:
        """Return the condition of each part now."""
        cameras = [(stream, self.streams.status(stream.id)) for stream in self.streams.all()]
        return [
            self._database.check(),
            self.transcripts.check(),
            self._capture.check(),
            cameras_check(cameras),
            keywords_check(cameras),
            transcriber_check(self._transcriber.info),
            disk_check(self.configuration.settings.data_dir),
            self.recordings.check(),
            self._upkeep.check(),
        ]

    def transcriber(self) -> TranscriberInfo:
        """Return what transcribes, and how far it is behind."""
        return self._scheduler.info()

    def restart_transcriber(self) -> None:
        """Let what transcribes begin anew at once."""
        self._transcriber.restart()

    @asynccontextmanager
    async def _running(self) -> AsyncGenerator[None]:
        """Stop from the inside out, also when cancelled: what was heard until then still becomes text and events."""
        unsubscribe = self._transcriber.subscribe(self._health.transcriber_changed)
        self.models.subscribe(self._health.model_changed)
        keep = self._upkeep.keep
        try:
            async with (
                running(
                    keep("pairing", self.access.announce_codes),
                    keep("retention", self._retention.run),
                    keep("transcripts", self.transcripts.run),
                    keep("reports", self._reports.run),
                    keep("early hits", self._early.run),
                    keep("models", self.models.run),
                    keep("recordings", self.recordings.run),
                    keep("clips", self.clips.run),
                    keep("transcription", self._transcription.run),
                ),
                running(keep("transcriber", self._transcriber.run), keep("scheduler", self._scheduler.run)),
            ):
                try:
                    async with running(keep("capture", self._run_capture), keep("health", self._health.run)):
                        LOGGER.info("Wallflower listens to %d streams", len(self.streams.all()))
                        yield
                finally:
                    await self._drain()
                    await asyncio.gather(self.transcripts.finish(), self._reports.finish(), self.recordings.finish())
        finally:
            unsubscribe()
            self._broadcaster.close()

    async def _purge_recordings(self, stream_id: str) -> None:
        await self.recordings.purge(stream_id)
        await self.clips.forget(stream_id)

    def _switch_engine(self, settings: Settings) -> None:
        self._transcriber.switch_to(self._make_transcriber(settings))

    def _make_transcriber(self, settings: Settings) -> Transcriber:
        return make_transcriber(settings, self.models, self._clock)

    async def _run_capture(self) -> None:
        if self._upkeep.failures["capture"]:
            # The run that failed took its workers with it: every session begins anew.
            for stream in self.streams.all():
                self._capture.restart(stream.id)
        await self._capture.run()

    async def _drain(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await self._scheduler.drain()

    def _transcribe(self, utterance: Utterance) -> None:
        stream = self.streams.find_kept(utterance.stream)
        if stream is not None and is_transcribed(stream):
            self._early.handed_over(utterance.id)
            self._scheduler.submit(utterance, self._hints.of(stream))
        else:
            self._early.gone(utterance.id)

    def _lag_of_storing(self, stream_id: str) -> float:
        return self.transcripts.lag_of(stream_id)

    def _drafted(self, utterance: Utterance, transcript: Transcript) -> None:
        self._partials.drafted(utterance, transcript)

    def _heard(self, utterance: Utterance, transcript: Transcript) -> None:
        stream = self.streams.find_kept(utterance.stream)
        if stream is not None and is_transcribed(stream):
            self.transcripts.heard(utterance, transcript)
            self._hints.heard(utterance, transcript, self.streams)
            self._partials.suppressed(utterance, transcript)
        else:
            self._early.gone(utterance.id)


@asynccontextmanager
async def running(*work: Coroutine[Any, Any, object]) -> AsyncGenerator[None]:
    """Run coroutines beside the block; they are cancelled and awaited after it."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
