"""A camera followed live: each sentence soon after it was spoken."""

import asyncio
from collections.abc import Callable
from typing import override

from ..capture import CaptureStatus
from ..domain.errors import TranscriberUnavailableError
from ..domain.streams import Stream, StreamError
from ..domain.transcripts import Hints, Transcript, Utterance
from ..settings import Settings
from ..speech import UtteranceRefusedError
from .common import to_watcher
from .listening import Deaf, capturing
from .recogniser import recogniser

MOST_WAITING = 32


class _Listener(Deaf):
    """Queues utterances, the oldest making room, and says on stderr how the session is."""

    def __init__(self) -> None:
        self.utterances: asyncio.Queue[Utterance] = asyncio.Queue(MOST_WAITING)
        self.dropped = 0
        self._told = ""

    @override
    def capture_changed(
        self, stream: str, status: CaptureStatus, *, error_raised: StreamError | None, recovered: bool
    ) -> None:
        told = f"{status.state.value}: {status.error.message}" if status.error else status.state.value
        if told != self._told:
            self._told = told
            to_watcher().print(f"[dim]{told}[/]")

    @override
    def utterance_ready(self, utterance: Utterance) -> None:
        if self.utterances.full():
            self.utterances.get_nowait()
            self.dropped += 1
            to_watcher().print(f"[yellow]Too slow for this camera: {self.dropped} sentences were dropped.[/]")
        self.utterances.put_nowait(utterance)


async def follow_camera(
    address: str, settings: Settings, language: str | None, show: Callable[[Utterance, Transcript], None]
) -> None:
    """Listen until cancelled; raises TranscriberUnavailableError when there is nothing to recognise speech with."""
    listener = _Listener()
    async with recogniser(settings, language, lambda _: None) as transcriber:
        if transcriber.info.state != "ready":
            raise TranscriberUnavailableError(
                transcriber.info.state, "There is no speech model to work with. `wallflower doctor` says what to do."
            )
        async with capturing(listener) as supervisor:
            supervisor.set_stream(Stream(id="live", name="live", url=address))
            while True:
                utterance = await listener.utterances.get()
                try:
                    transcript = await transcriber.transcribe(utterance, Hints(language))
                except TranscriberUnavailableError, UtteranceRefusedError:
                    to_watcher().print("[yellow]A sentence could not be transcribed.[/]")
                    continue
                show(utterance, transcript)
