"""Our way: the gate of the capture worker, the scheduler, and a transcriber of the sidecar behind it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path

from tests.support.speech import SAMPLE_RATE, Track
from tests.support.waiting import eventually
from wallflower_sidecar.capture.listening.gate import Gate, GateEvent, Growing, Heard
from wallflower_sidecar.capture.listening.hearing import BLOCK_S, BLOCK_SPEAKING_S
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.streams import TranscriptionStatus
from wallflower_sidecar.domain.transcripts import Hints, Transcript, Utterance
from wallflower_sidecar.speech.embedded.transcriber import EmbeddedTranscriber
from wallflower_sidecar.speech.scheduler import Scheduler
from wallflower_sidecar.speech.transcriber import Transcriber

from .speech_costs import Meter
from .speech_run import Playback
from .speech_score import Final

ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)
"""Second 0 of a stream."""

READY_S = 120.0
HINTS = Hints(language="en")
SELF = "gate and scheduler"


@dataclass(slots=True)
class CameraHeard:
    """What became of one camera's sound: its texts, its drafts, and how the scheduler served it at the end."""

    finals: list[Final] = field(default_factory=list)
    drafts: list[Final] = field(default_factory=list)
    status: TranscriptionStatus = field(default_factory=TranscriptionStatus)
    waiting_s: float = 0.0
    """Speech that had no text yet when the sound ended, in seconds."""


@asynccontextmanager
async def embedded(models_dir: Path) -> AsyncIterator[EmbeddedTranscriber]:
    """The embedded engine with the bundled tiny.en, at work."""
    transcriber = EmbeddedTranscriber(None, models_dir=models_dir, clock=SystemClock())
    async with at_work(transcriber):
        yield transcriber


@asynccontextmanager
async def at_work(transcriber: Transcriber) -> AsyncIterator[None]:
    """Run a transcriber for the length of the block, which begins when it is ready."""
    task = asyncio.create_task(transcriber.run(), name="transcriber")
    try:
        await eventually(lambda: transcriber.info.state == "ready", timeout_s=READY_S)
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def listen(
    tracks: Mapping[str, Track],
    transcriber: Transcriber,
    pids: Mapping[str, int],
    *,
    real_time: bool,
    drafts: bool = False,
    patience_s: float = 600.0,
) -> tuple[dict[str, CameraHeard], Meter]:
    """Let a ready transcriber hear each camera's track through a gate of its own, all at once.

    Counted are this process, which is the gates and the scheduler, and `pids`. What still waits when the sound is
    over gets `patience_s` seconds, which do not count.
    """
    ears = _Ears(tracks, transcriber, real_time=real_time, drafts=drafts)
    scheduling = asyncio.create_task(ears.scheduler.run(), name="scheduler")
    try:
        async with Meter({SELF: os.getpid(), **pids}) as meter:
            async with asyncio.TaskGroup() as cameras:
                for name in tracks:
                    cameras.create_task(ears.play(name), name=f"camera {name}")
            if len(tracks) == 1:
                await ears.scheduler.drain()
        ears.look()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await ears.scheduler.drain()
    finally:
        scheduling.cancel()
        with suppress(asyncio.CancelledError):
            await scheduling
    return ears.heard, meter


class _Ears:
    """The gates, and the scheduler they hand utterances to."""

    def __init__(self, tracks: Mapping[str, Track], transcriber: Transcriber, *, real_time: bool, drafts: bool) -> None:
        self.heard = {name: CameraHeard() for name in tracks}
        self.scheduler = Scheduler(
            transcriber, on_transcript=self._keep, on_draft=self._keep_draft, clock=SystemClock()
        )
        self._real_time = real_time
        self._drafts = drafts
        self._playbacks = {name: Playback(track.samples, real_time=real_time) for name, track in tracks.items()}
        self._waiting: dict[str, float] = {}

    async def play(self, name: str) -> None:
        """Hand a camera's sound to its gate in the blocks in which the capture worker does."""
        playback, gate = self._playbacks[name], Gate()
        while not playback.is_over:
            piece = await playback.take(BLOCK_SPEAKING_S if gate.speaking else BLOCK_S)
            await self._hand_on(name, gate.push(piece))
            if self._drafts and (growing := gate.draft()) is not None:
                self.scheduler.submit_draft(_utterance(name, growing), HINTS)
        await self._hand_on(name, gate.flush())

    def look(self) -> None:
        """Note how the cameras are served at this moment."""
        for name, heard in self.heard.items():
            heard.status = self.scheduler.status(name)
            heard.waiting_s = self._waiting.get(name, 0.0)

    async def _hand_on(self, name: str, events: list[GateEvent]) -> None:
        for event in events:
            if isinstance(event, Heard):
                utterance = _utterance(name, event)
                self._waiting[name] = self._waiting.get(name, 0.0) + utterance.duration_s
                self.scheduler.submit(utterance, HINTS)
        if not self._real_time:
            await self.scheduler.drain()

    async def _keep(self, utterance: Utterance, transcript: Transcript) -> None:
        self._waiting[utterance.stream] -= utterance.duration_s
        self.heard[utterance.stream].finals.append(self._text(utterance, transcript))

    def _keep_draft(self, utterance: Utterance, transcript: Transcript) -> None:
        self.heard[utterance.stream].drafts.append(self._text(utterance, transcript))

    def _text(self, utterance: Utterance, transcript: Transcript) -> Final:
        start_s, end_s = ((moment - ORIGIN).total_seconds() for moment in (utterance.start, utterance.end))
        return Final(transcript.text, start_s, end_s, self._playbacks[utterance.stream].now_s)


def _utterance(stream: str, heard: Heard | Growing) -> Utterance:
    """The utterance that the sidecar makes of what a gate tells; times count from ORIGIN."""
    start, end, pcm_start = (
        ORIGIN + timedelta(seconds=at / SAMPLE_RATE) for at in (heard.start, heard.end, heard.pcm_start)
    )
    return Utterance(heard.utterance, stream, start, end, pcm_start, heard.pcm)
