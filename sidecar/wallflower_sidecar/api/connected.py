"""Work that is worth doing only as long as somebody waits for it."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from ..domain.errors import UnavailableError

_LOOK_EVERY_S = 0.25


async def while_connected[T](request: web.Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what the work brings; once whoever asked is gone it is cancelled, and UnavailableError raised."""
    task = asyncio.create_task(work)
    try:
        while not (await asyncio.wait({task}, timeout=_LOOK_EVERY_S))[0]:
            if request.transport is None:
                raise UnavailableError("Whoever asked is gone.")  # nobody reads it
        return task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
