"""The WhisperLive client at work against a server, with the patience of a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.transcripts import Hints, Transcript, Utterance
from wallflower_sidecar.speech.whisperlive.limits import Limits
from wallflower_sidecar.speech.whisperlive.transcriber import WhisperLiveTranscriber

from .waiting import eventually

ENGLISH = Hints("en")
QUICK = Limits(
    answer_s=2.0,
    quiet_s=0.5,
    first_retry_s=0.05,
    last_retry_s=0.2,
    first_settings_retry_s=0.05,
    last_settings_retry_s=0.2,
    longest_wait_s=0.5,
)
"""Retries within a blink; what a busy machine could run into stays long."""

SUSPICIOUS = replace(QUICK, answer_s=0.2, proof_s=1.0)
"""Where the server is to be found silent."""


@asynccontextmanager
async def client(url: str, *, limits: Limits = QUICK, **options: Any) -> AsyncIterator[WhisperLiveTranscriber]:
    """Run a client until the block ends."""
    options = {"token": None, **options}
    transcriber = WhisperLiveTranscriber(url, clock=SystemClock(), limits=limits, **options)
    task = asyncio.create_task(transcriber.run())
    try:
        yield transcriber
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def become(transcriber: WhisperLiveTranscriber, state: str) -> None:
    """Wait until it is in a state."""
    await eventually(lambda: transcriber.info.state == state, timeout_s=20, interval_s=0.005)


async def persist(transcriber: WhisperLiveTranscriber, utterance: Utterance, hints: Hints = ENGLISH) -> Transcript:
    """Ask again while it is unavailable, as the scheduler does."""
    made: list[Transcript] = []

    async def heard() -> bool:
        try:
            made.append(await transcriber.transcribe(utterance, hints))
        except TranscriberUnavailableError:
            return False
        return True

    await eventually(heard, timeout_s=30, interval_s=0.02)
    return made[0]
