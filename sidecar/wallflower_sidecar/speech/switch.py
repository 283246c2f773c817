"""A transcriber whose place another can take while utterances wait."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.health import TranscriberInfo
from wallflower_sidecar.domain.transcripts import Hints, Transcript, Utterance

from .transcriber import InfoBoard, Transcriber


class SwitchableTranscriber:
    """A Transcriber that hands everything to the one of now; the next one runs once the last has ended."""

    def __init__(self, transcriber: Transcriber) -> None:
        """Begin with `transcriber`."""
        self._current = transcriber
        self._board = InfoBoard(transcriber.info)
        self._unfollow = transcriber.subscribe(self._board.tell)
        self._switched = asyncio.Event()

    @property
    def current(self) -> Transcriber:
        """The one that works now."""
        return self._current

    @property
    def info(self) -> TranscriberInfo:
        """The info of the one that works now."""
        return self._current.info

    @property
    def parallel(self) -> int:
        """How many utterances the one that works now takes at once."""
        return self._current.parallel

    def subscribe(self, on_change: Callable[[TranscriberInfo], None]) -> Callable[[], None]:
        """Call `on_change` at every change, also when another takes over; returns what ends that."""
        return self._board.subscribe(on_change)

    def switch_to(self, transcriber: Transcriber) -> None:
        """Let `transcriber` take over at once; what the last one had in hand goes back to those who gave it."""
        self._unfollow()
        self._current = transcriber
        self._unfollow = transcriber.subscribe(self._board.tell)
        switched, self._switched = self._switched, asyncio.Event()
        switched.set()
        self._board.tell(transcriber.info)

    def restart(self) -> None:
        """Let the one of now begin anew."""
        self._current.restart()

    async def run(self) -> None:
        """Keep the one of now at work until cancelled, one after the other."""
        while True:
            switched = self._switched
            try:
                await _unless(switched, self._current.run())
            except TranscriberUnavailableError:
                if not switched.is_set():
                    raise

    async def transcribe(self, utterance: Utterance, hints: Hints) -> Transcript:
        """Turn an utterance into text; raises TranscriberUnavailableError also when another takes over meanwhile."""
        return await _unless(self._switched, self._current.transcribe(utterance, hints))

    async def draft(self, utterance: Utterance, hints: Hints) -> Transcript:
        """Turn a part of an utterance into text that may still change; raises like `transcribe`."""
        return await _unless(self._switched, self._current.draft(utterance, hints))


async def _unless[T](switched: asyncio.Event, work: Coroutine[Any, Any, T]) -> T:
    """Do the work; once another takes over it is cancelled, its end awaited, TranscriberUnavailableError raised."""
    task = asyncio.create_task(work)
    waiter = asyncio.create_task(switched.wait())
    try:
        await asyncio.wait((task, waiter), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise TranscriberUnavailableError("switched", "Another transcriber takes over.")
    finally:
        task.cancel()
        waiter.cancel()
        await asyncio.wait((task, waiter))
