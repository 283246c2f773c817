"""A speech engine of the command's own, ready to work."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from ..domain.clock import SystemClock
from ..domain.health import TranscriberInfo
from ..settings import Settings
from ..speech import EmbeddedTranscriber
from .listening import at_work

_ON_ITS_WAY = {"starting", "downloading"}


@asynccontextmanager
async def recogniser(
    settings: Settings, language: str | None, on_progress: Callable[[float], None]
) -> AsyncGenerator[EmbeddedTranscriber]:
    """Run an engine within the block, which starts once the engine is ready or has said that it cannot work.

    `on_progress` is told how much of a model is fetched, 0 to 1. Without a model the first use raises
    TranscriberUnavailableError with what to do.
    """
    transcriber = EmbeddedTranscriber(
        settings.model, models_dir=settings.models_dir, language=language, clock=SystemClock()
    )
    settled = asyncio.Event()

    def changed(info: TranscriberInfo) -> None:
        if info.progress is not None:
            on_progress(info.progress)
        if info.state not in _ON_ITS_WAY:
            settled.set()

    unsubscribe = transcriber.subscribe(changed)
    try:
        async with at_work(transcriber.run()):
            changed(transcriber.info)
            await settled.wait()
            yield transcriber
    finally:
        unsubscribe()
