"""Gives the recogniser one utterance at a time, in turn between the streams, and hands on what it heard."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
import logging

from wallflower_sidecar.domain.clock import Clock
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.health import TranscriberInfo
from wallflower_sidecar.domain.streams import TranscriptionState, TranscriptionStatus
from wallflower_sidecar.domain.transcripts import Hints, Transcript, Utterance

from .fair_queue import FairQueue, Waiting
from .transcriber import Transcriber, UtteranceRefusedError

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait, and from what lag on a stream is called lagging; all in seconds."""

    stream_s: float = 120.0
    all_s: float = 600.0
    lagging_s: float = 10.0
    retry_s: float = 1.0


@dataclass(slots=True)
class _Account:
    """What is known of one stream: its utterances not yet handed on, and the seconds given up."""

    pending: deque[Waiting]
    dropped_s: float = 0.0


class Scheduler:
    """Between the streams and one Transcriber. Only finals so far; a line for partials would be a second FairQueue."""

    def __init__(
        self,
        transcriber: Transcriber,
        *,
        on_transcript: Callable[[Utterance, Transcript], Awaitable[None]],
        clock: Clock,
        bounds: Bounds | None = None,
    ) -> None:
        """`on_transcript` is awaited for one transcript at a time, those of a stream in order."""
        self.faults = 0
        """Failures of the transcriber or of `on_transcript` that neither of them should have."""
        self._transcriber = transcriber
        self._on_transcript = on_transcript
        self._clock = clock
        self._bounds = bounds or Bounds()
        self._queue = FairQueue(stream_bound_s=self._bounds.stream_s, bound_s=self._bounds.all_s)
        self._accounts: dict[str, _Account] = {}
        self._heard: asyncio.Queue[tuple[Waiting, Transcript]] = asyncio.Queue(maxsize=4)
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def lag_s(self) -> float:
        """Seconds since the oldest utterance of any stream that has no text yet was handed in; 0 without one."""
        return max(map(self._lag_s, self._accounts), default=0.0)

    @property
    def dropped_s(self) -> float:
        """Seconds of speech given up, all present streams together."""
        return sum(account.dropped_s for account in self._accounts.values())

    def info(self) -> TranscriberInfo:
        """What transcribes, with the lag."""
        return replace(self._transcriber.info, lag_s=self.lag_s)

    def status(self, stream_id: str) -> TranscriptionStatus:
        """How a stream that is transcribed is served now."""
        lag_s = self._lag_s(stream_id)
        state = TranscriptionState.OK
        if self._transcriber.info.state != "ready":
            state = TranscriptionState.UNAVAILABLE
        elif lag_s > self._bounds.lagging_s:
            state = TranscriptionState.LAGGING
        account = self._accounts.get(stream_id)
        return TranscriptionStatus(state, lag_s, account.dropped_s if account else 0.0)

    def submit(self, utterance: Utterance, hints: Hints) -> None:
        """Put an utterance in line; over a bound the oldest in line is given up and counted."""
        item = Waiting(utterance, hints, self._clock.monotonic())
        self._accounts.setdefault(item.stream, _Account(deque())).pending.append(item)
        self._idle.clear()
        self._give_up(self._queue.put(item), "too much waits")
        self._wake.set()

    def forget(self, stream_id: str) -> None:
        """Drop what waits for a stream, and what of it is being decoded, without counting it."""
        self._queue.forget(stream_id)
        self._accounts.pop(stream_id, None)
        self._note_idle()

    async def drain(self) -> None:
        """Wait until everything handed in was handed on; at once while the transcriber cannot work."""
        if self._transcriber.info.state == "ready":
            await self._idle.wait()

    async def run(self) -> None:
        """Work until cancelled."""
        unsubscribe = self._transcriber.subscribe(lambda _: self._wake.set())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._decode(), name="speech scheduler")
                tasks.create_task(self._deliver(), name="speech delivery")
        finally:
            unsubscribe()

    async def _decode(self) -> None:
        while True:
            self._wake.clear()
            item = self._queue.take() if self._transcriber.info.state == "ready" else None
            if item is None:
                await self._wake.wait()
                continue
            try:
                transcript = await self._transcriber.transcribe(item.utterance, item.hints)
            except TranscriberUnavailableError:
                await self._wait_with(item)
            except UtteranceRefusedError as error:
                self._give_up([item], str(error))
            except Exception:
                self.faults += 1
                _LOGGER.exception("%s: the transcriber failed", item.stream)
                self._give_up([item], "the transcriber failed")
            else:
                await self._heard.put((item, transcript))

    async def _wait_with(self, item: Waiting) -> None:
        """Put an utterance back in line until the transcriber changes, or a moment has passed."""
        if not self._is_pending(item):
            return
        self._wake.clear()
        self._give_up(self._queue.put_back(item), "too much waits")
        try:
            async with asyncio.timeout(self._bounds.retry_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _deliver(self) -> None:
        while True:
            item, transcript = await self._heard.get()
            if not self._is_pending(item):
                continue
            try:
                await self._on_transcript(item.utterance, transcript)
            except Exception:
                self.faults += 1
                _LOGGER.exception("%s: a transcript could not be kept", item.stream)
                self._give_up([item], "it could not be kept")
            else:
                self._finish(item)

    def _give_up(self, items: list[Waiting], reason: str) -> None:
        for item in items:
            _LOGGER.info("%s: %.1f s of speech get no text: %s", item.stream, item.seconds, reason)
            if self._is_pending(item):
                self._accounts[item.stream].dropped_s += item.seconds
            self._finish(item)

    def _finish(self, item: Waiting) -> None:
        if self._is_pending(item):
            self._accounts[item.stream].pending.remove(item)
        self._note_idle()

    def _note_idle(self) -> None:
        if not any(account.pending for account in self._accounts.values()):
            self._idle.set()

    def _is_pending(self, item: Waiting) -> bool:
        account = self._accounts.get(item.stream)
        return account is not None and item in account.pending

    def _lag_s(self, stream_id: str) -> float:
        account = self._accounts.get(stream_id)
        if account is None or not account.pending:
            return 0.0
        return self._clock.monotonic() - account.pending[0].since
