"""A transcriber of the command's own, as the settings ask for it, ready to work."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from ..domain.clock import SystemClock
from ..domain.health import TranscriberInfo
from ..service.recogniser import make_transcriber
from ..settings import Settings
from ..speech import ModelLibrary, Transcriber
from .listening import at_work

_ON_ITS_WAY = {"starting", "downloading"}


@asynccontextmanager
async def recogniser(
    settings: Settings, language: str | None, on_progress: Callable[[float], None]
) -> AsyncGenerator[Transcriber]:
    """Run a transcriber within the block, which starts once it is ready or has said that it cannot work.

    `on_progress` is told how much of a model is fetched, 0 to 1. Without a model the first use raises
    TranscriberUnavailableError with what to do.
    """
    clock = SystemClock()
    # Whoever waits for the text of one file wants that model's, not another's sooner.
    library = ModelLibrary(settings.models_dir, clock, stands_in=False)
    transcriber = make_transcriber(settings, library, clock, language)
    settled = asyncio.Event()

    def changed(info: TranscriberInfo) -> None:
        if info.progress is not None:
            on_progress(info.progress)
        if info.state not in _ON_ITS_WAY:
            settled.set()

    unsubscribe = transcriber.subscribe(changed)
    try:
        async with at_work(library.run()), at_work(transcriber.run()):
            changed(transcriber.info)
            await settled.wait()
            yield transcriber
    finally:
        unsubscribe()
