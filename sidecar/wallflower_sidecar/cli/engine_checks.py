"""Doctor's check of the transcriber that ENGINE names, by trying it."""

import asyncio

from ..settings import Settings
from .findings import Finding, doubtful, failed, fine
from .recogniser import recogniser

PATIENCE_S = 60.0
"""Loading a model may take this long."""


async def engine_check(settings: Settings) -> Finding:
    """Whether the WhisperLive server, somebody's or our own, shakes hands."""
    try:
        async with asyncio.timeout(PATIENCE_S), recogniser(settings, None, lambda _: None) as transcriber:
            info = transcriber.info
    except TimeoutError:
        return doubtful("Engine", f"{settings.engine} is not ready after {PATIENCE_S:.0f} s. Its log says why.")
    if info.state != "ready":
        return failed("Engine", info.detail or f"{settings.engine} cannot work.")
    return fine("Engine", f"{settings.engine} is ready.")
