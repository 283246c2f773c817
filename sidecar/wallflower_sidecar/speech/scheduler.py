"""Gives the recogniser utterances, in turn between the streams, and hands on what it heard."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
import logging

from wallflower_sidecar.domain.clock import Clock
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.health import TranscriberInfo
from wallflower_sidecar.domain.streams import TranscriptionState, TranscriptionStatus
from wallflower_sidecar.domain.transcripts import Hints, Transcript, Utterance

from .accounts import Accounts
from .drafts import Drafts, OnDraft
from .fair_queue import FairQueue, Waiting
from .one_off import OneOff, give, is_over, new_answer, refuse, stopping
from .transcriber import Transcriber, UtteranceRefusedError

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait, and from what lag on a stream is called lagging; in seconds, drafts and one-off by number."""

    stream_s: float = 120.0
    all_s: float = 600.0
    lagging_s: float = 10.0
    retry_s: float = 1.0
    drafts: int = 8
    one_off: int = 64


class Scheduler:
    """Between the streams and one Transcriber: finals first, then drafts of utterances that are still being spoken.

    Of each stream one final and one draft are in hand at most, so a stream's finals stay in order.
    """

    def __init__(
        self,
        transcriber: Transcriber,
        *,
        on_transcript: Callable[[Utterance, Transcript], None],
        on_draft: OnDraft = lambda _utterance, _transcript: None,
        on_dropped: Callable[[Utterance], None] = lambda _utterance: None,
        lag_beyond: Callable[[str], float] = lambda _stream: 0.0,
        clock: Clock,
        bounds: Bounds | None = None,
    ) -> None:
        """`on_transcript` is told each final, those of a stream in order; `lag_beyond` is a stream's lag after that.

        Neither may block, nor may `on_draft` and `on_dropped`, which is told of an utterance that never becomes text.
        """
        self._faults = 0
        self._transcriber = transcriber
        self._on_transcript = on_transcript
        self._on_dropped = on_dropped
        self._lag_beyond = lag_beyond
        self._clock = clock
        self._bounds = bounds or Bounds()
        self._queue = FairQueue(stream_bound_s=self._bounds.stream_s, bound_s=self._bounds.all_s)
        self._one_off = OneOff(self._queue, self._bounds.one_off)
        self._accounts = Accounts(clock)
        self._drafts = Drafts(transcriber, on_draft, self._accounts, self._bounds.drafts)
        self._decoding: dict[str | None, Waiting] = {}
        self._held: set[str | None] = set()
        self._drafts_next = False
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def faults(self) -> int:
        """Failures of the transcriber or of a callback that none of them should have."""
        return self._faults + self._drafts.faults

    @property
    def lag_s(self) -> float:
        """The greatest lag of a stream."""
        return max(map(self._lag_of, self._accounts.streams), default=0.0)

    @property
    def dropped_s(self) -> float:
        """Seconds of speech given up, all present streams together."""
        return self._accounts.dropped_s

    def info(self) -> TranscriberInfo:
        """What transcribes, with the lag."""
        return replace(self._transcriber.info, lag_s=self.lag_s)

    def status(self, stream_id: str) -> TranscriptionStatus:
        """How a stream that is transcribed is served now."""
        lag_s = self._lag_of(stream_id)
        state = TranscriptionState.OK
        if self._transcriber.info.state != "ready":
            state = TranscriptionState.UNAVAILABLE
        elif lag_s > self._bounds.lagging_s:
            state = TranscriptionState.LAGGING
        account = self._accounts.find(stream_id)
        return TranscriptionStatus(state, lag_s, account.dropped_s, account.suppressed, account.dropped_drafts)

    def submit(self, utterance: Utterance, hints: Hints) -> None:
        """Put an utterance in line; over a bound the oldest in line is given up and counted."""
        item = Waiting(utterance, hints, self._clock.monotonic())
        account = self._accounts.open(item.stream)
        account.pending.append(item)
        account.newest_final = utterance.id
        self._drafts.overtaken(utterance)
        self._idle.clear()
        self._give_up(self._queue.put(item), "too much waits")
        self._wake.set()

    def submit_draft(self, utterance: Utterance, hints: Hints) -> None:
        """Put what was heard so far of an utterance in line; it takes the place of the stream's older draft.

        Drafts are left out, and counted, whenever there is too much to do; nothing waits for them.
        """
        self._drafts.put(Waiting(utterance, hints, self._clock.monotonic()))
        self._wake.set()

    async def transcribe(self, utterance: Utterance, hints: Hints) -> Transcript:
        """Turn sound that belongs to no stream into text, in turn with the streams; raises like a Transcriber.

        It waits while the recogniser starts, but not for a model that is missing or being fetched. When cancelled it
        leaves the line.
        """
        answer = new_answer()
        item = Waiting(utterance, hints, self._clock.monotonic(), answer)
        self._one_off.put(item, self._transcriber.info)
        self._wake.set()
        try:
            return await answer
        finally:
            self._queue.remove(item)

    def count_lost(self, stream_id: str, seconds: float) -> None:
        """Speech that became text was given up by whoever had it next."""
        self._accounts.find(stream_id).dropped_s += seconds

    def forget(self, stream_id: str) -> None:
        """Drop what waits for a stream, and what of it is being decoded, without counting it."""
        self._queue.forget(stream_id)
        self._drafts.forget(stream_id)
        self._accounts.forget(stream_id)
        self._note_idle()

    async def drain(self) -> None:
        """Wait until every utterance handed in was handed on; at once while the transcriber cannot work."""
        if self._transcriber.info.state == "ready":
            await self._idle.wait()

    async def run(self) -> None:
        """Work until cancelled; one-off work is then refused."""
        unsubscribe = self._transcriber.subscribe(self._follow)
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._dispatch(tasks)
        finally:
            unsubscribe()
            self._one_off.stop()

    async def _dispatch(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            self._wake.clear()
            while self._start_next(tasks):
                pass
            await self._wake.wait()

    def _start_next(self, tasks: asyncio.TaskGroup) -> bool:
        """Give the recogniser one more thing to do, unless it has enough or nothing waits."""
        free = self._transcriber.parallel - len(self._decoding) - self._drafts.in_hand
        if free < 1 or self._transcriber.info.state != "ready":
            return False
        may_draft = free > 1 or not self._queue.live
        # Files and drafts take turns, or else a long file would keep every draft waiting.
        if may_draft and self._drafts_next and self._start_draft(tasks):
            return True
        item = self._queue.take(self._decoding.keys() | self._held)
        if item is None:
            return may_draft and self._start_draft(tasks)
        self._drafts_next = item.answer is not None
        self._decoding[item.line] = item
        tasks.create_task(self._decode(item), name="speech decode")
        return True

    def _start_draft(self, tasks: asyncio.TaskGroup) -> bool:
        item = self._drafts.take()
        if item is None:
            return False
        self._drafts_next = False
        making = tasks.create_task(self._drafts.make(item), name="speech draft")
        making.add_done_callback(lambda _: self._wake.set())
        return True

    async def _decode(self, item: Waiting) -> None:
        try:
            transcript = await self._transcriber.transcribe(item.utterance, item.hints)
        except TranscriberUnavailableError as error:
            self._put_back(item, error)
        except UtteranceRefusedError as error:
            self._give_up([item], str(error))
            refuse(item, error)
        except asyncio.CancelledError:
            refuse(item, stopping())
            raise
        except Exception:
            self._faults += 1
            _LOGGER.exception("%s: the transcriber failed", item.stream)
            self._give_up([item], "the transcriber failed")
            refuse(item, UtteranceRefusedError("The transcriber failed; the log has the cause."))
        else:
            if item.answer is None:
                self._hand_on(item, transcript)
            else:
                give(item, transcript)
        finally:
            del self._decoding[item.line]
            self._wake.set()

    def _put_back(self, item: Waiting, error: TranscriberUnavailableError) -> None:
        """Have it wait, first in its line, until the transcriber changes or a moment has passed."""
        item.tries += 1
        if item.answer is None and not self._accounts.is_pending(item):
            return
        if is_over(item, self._transcriber.info):
            refuse(item, error)
            return
        self._give_up(self._queue.put_back(item), "too much waits")
        self._held.add(item.line)
        asyncio.get_running_loop().call_later(self._bounds.retry_s, self._release, item.line)

    def _release(self, line: str | None) -> None:
        self._held.discard(line)
        self._wake.set()

    def _follow(self, info: TranscriberInfo) -> None:
        """The transcriber changed."""
        self._held.clear()
        self._one_off.follow(info)
        self._wake.set()

    def _hand_on(self, item: Waiting, transcript: Transcript) -> None:
        if not self._accounts.is_pending(item):
            return
        self._accounts.find(item.stream).suppressed += len(transcript.suppressed)
        try:
            self._on_transcript(item.utterance, transcript)
        except Exception:
            self._faults += 1
            _LOGGER.exception("%s: a transcript could not be handed on", item.stream)
            self._give_up([item], "it could not be handed on")
        else:
            self._settle(item)

    def _give_up(self, items: list[Waiting], reason: str) -> None:
        for item in items:
            if item.answer is not None:
                continue
            _LOGGER.info("%s: %.1f s of speech get no text: %s", item.stream, item.seconds, reason)
            if self._accounts.is_pending(item):
                self._accounts.find(item.stream).dropped_s += item.seconds
                self._on_dropped(item.utterance)
            self._settle(item)

    def _lag_of(self, stream: str) -> float:
        return max(self._accounts.lag_of(stream), self._lag_beyond(stream))

    def _settle(self, item: Waiting) -> None:
        self._accounts.settle(item)
        self._note_idle()

    def _note_idle(self) -> None:
        if self._accounts.nothing_pending:
            self._idle.set()
