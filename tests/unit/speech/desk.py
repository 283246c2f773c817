"""A scheduler in front of a scripted transcriber that answers when it is let."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from wallflower_sidecar.domain.health import TranscriberInfo
from wallflower_sidecar.domain.transcripts import Hints, Transcript
from wallflower_sidecar.speech import Bounds, Scheduler

from .utterances import SAID_AT, silent_utterance

READY = TranscriberInfo("scripted", "none", "ready")
STARTING = TranscriberInfo("scripted", "none", "starting")


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.seconds = 100.0

    def now(self):
        return SAID_AT + timedelta(seconds=self.seconds)

    def monotonic(self):
        return self.seconds


class ScriptedTranscriber:
    """Answers with the utterance's id, one at a time as it is let; `script` may raise instead."""

    def __init__(self, info=READY, parallel=1):
        self.info = info
        self.parallel = parallel
        self.asked = []
        self.drafted = []
        self.in_hand = []
        self.most_in_hand = 0
        self.let = asyncio.Semaphore(0)
        self.let_draft = asyncio.Semaphore(0)
        self.script: Callable[[object], None] = lambda utterance: None
        self.suppressed = ()
        self._listeners = []

    def subscribe(self, on_change):
        self._listeners.append(on_change)
        return lambda: self._listeners.remove(on_change)

    def become(self, info):
        self.info = info
        for listener in self._listeners:
            listener(info)

    async def run(self):
        await asyncio.Event().wait()

    async def transcribe(self, utterance, hints):
        self.asked.append(utterance)
        return await self._answer(utterance, self.let, utterance.id)

    async def draft(self, utterance, hints):
        self.drafted.append(utterance)
        return await self._answer(utterance, self.let_draft, f"{utterance.id} {utterance.duration_s:g}")

    async def _answer(self, utterance, let, text):
        self.in_hand.append(utterance)
        self.most_in_hand = max(self.most_in_hand, len(self.in_hand))
        try:
            await let.acquire()
            self.script(utterance)
        finally:
            self.in_hand.remove(utterance)
        return Transcript(text, "en", 1.0, suppressed=self.suppressed)


class Desk:
    """A scheduler with its transcriber, its clock and what it handed on."""

    def __init__(self, info=READY, parallel=1, **bounds):
        self.transcriber = ScriptedTranscriber(info, parallel)
        self.clock = HandClock()
        self.heard = []
        self.drafts = []
        self.lag_beyond = {}
        self.keep: Callable[[object], None] = lambda utterance: None
        self.scheduler = Scheduler(
            self.transcriber,
            on_transcript=self.take,
            on_draft=self.take_draft,
            lag_beyond=lambda stream: self.lag_beyond.get(stream, 0.0),
            clock=self.clock,
            bounds=Bounds(**bounds),
        )

    def take(self, utterance, transcript):
        assert transcript.text == utterance.id
        self.keep(utterance)
        self.heard.append(utterance)

    def take_draft(self, utterance, transcript):
        self.keep(utterance)
        self.drafts.append(transcript.text)

    def say(self, stream, seconds=2.0):
        utterance = silent_utterance(seconds, stream)
        self.scheduler.submit(utterance, Hints())
        return utterance

    def let(self, times=1):
        for _ in range(times):
            self.transcriber.let.release()

    def let_drafts(self, times=1):
        for _ in range(times):
            self.transcriber.let_draft.release()


@asynccontextmanager
async def desk(info=READY, parallel=1, **bounds):
    made = Desk(info, parallel, **bounds)
    task = asyncio.create_task(made.scheduler.run())
    await asyncio.sleep(0)
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert made.transcriber._listeners == []


async def turns(count=20):
    """Let everything that can go on go on."""
    for _ in range(count):
        await asyncio.sleep(0)
