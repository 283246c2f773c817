"""Forgetting a time wholly: text, hits, events, recordings, clips, and what is on its way to become one."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..capture.supervisor import CaptureSupervisor
from ..domain.clock import Clock
from ..domain.recordings import ForgottenSpan
from .clips import Clips
from .early_hits import EarlyHits
from .recordings import Recordings
from .streams import Streams
from .text_forgetting import TextForgetting
from .transcripts import Transcripts


@dataclass(frozen=True, slots=True)
class Forgot:
    """What is gone: segments of text, and files of recordings."""

    segments: int
    recordings: int


class Forgetting:
    """One at a time; when it returns, no file of the data folder holds anything of the time."""

    def __init__(
        self,
        *,
        text: TextForgetting,
        transcripts: Transcripts,
        early: EarlyHits,
        recordings: Recordings,
        clips: Clips,
        streams: Streams,
        capture: CaptureSupervisor,
        clock: Clock,
    ) -> None:
        """Reach everything that remembers."""
        self._text = text
        self._transcripts = transcripts
        self._early = early
        self._recordings = recordings
        self._clips = clips
        self._streams = streams
        self._capture = capture
        self._clock = clock
        self._turn = asyncio.Lock()

    async def forget_last(self, minutes: float, stream: str | None = None) -> Forgot:
        """Forget the last minutes of a stream or of all; files of recordings that hold anything of them go whole.

        Raises NotFoundError, and UnavailableError while the recordings' disk is away or does not let go of a clip: the
        text is gone then, and they go once it is back.
        """
        async with self._turn:
            await self._text.require(stream)
            end = self._clock.now()
            start = end - timedelta(minutes=minutes)
            self._transcripts.forget(stream, start, end)
            await self._early.forget(stream)
            segments = await self._text.delete(stream=stream, start=start, end=end)
            await self._streams.look_up_last_transcripts()
            files = await self._forget_recordings(stream, start, end)
        return Forgot(segments, files)

    async def _forget_recordings(self, stream: str | None, start: datetime, end: datetime) -> int:
        names = [each.id for each in self._streams.all()] if stream is None else [stream]
        for name in names:
            self._capture.hold_recording(name, on=True)
        try:
            return await self._recordings.forget(ForgottenSpan(stream, start, end))
        finally:
            for name in names:
                self._capture.hold_recording(name, on=False)
            await self._clips.forget(*names)
