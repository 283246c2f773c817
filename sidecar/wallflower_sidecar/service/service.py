"""Wires the parts together and owns their tasks from start to stop."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import asynccontextmanager
import logging
from typing import Any, Self

from ..domain.clock import Clock, SystemClock
from ..domain.health import Check, TranscriberInfo
from ..events import Broadcaster
from ..settings import Settings
from ..speech import ModelLibrary, SwitchableTranscriber, Transcriber
from ..store import Database
from .access import Access
from .archive import Archive
from .clips import Clips
from .configuration import Configuration
from .events import EventLog
from .files import Files
from .forgetting import Forgetting
from .health import HealthWatch, cameras_check, disk_check, keywords_check, transcriber_check
from .house_rules import HouseRules
from .keyword_history import KeywordHistory
from .listening import Listening
from .places import database_place
from .recogniser import make_transcriber
from .recordings import Recordings
from .retention import Retention
from .text_forgetting import TextForgetting
from .transcription_watch import TranscriptionWatch
from .upkeep import Upkeep

LOGGER = logging.getLogger(__name__)


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
        self.models = ModelLibrary(settings.models_dir, clock)
        self._transcriber = SwitchableTranscriber(self._make_transcriber(settings))
        self._upkeep = Upkeep(clock)
        self.events = EventLog(database, self._broadcaster, self._upkeep.failures)
        self.house_rules = HouseRules(database, self.events, clock)
        self.access = Access(database, settings, clock)
        self._listening = Listening(
            settings,
            database,
            self.events,
            self._broadcaster,
            transcriber=self._transcriber,
            house_rules=self.house_rules,
            language=lambda: self.configuration.settings.language,
            clock=clock,
        )
        self._reports = self._listening.reports
        self._capture = self._listening.capture
        self._scheduler = self._listening.scheduler
        self._early = self._listening.early
        self.streams = self._listening.streams
        self.transcripts = self._listening.transcripts
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
                    await self._listening.drain()
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
