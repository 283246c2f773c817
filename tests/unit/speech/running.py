"""A transcriber at work for the length of a test."""

import asyncio
from contextlib import asynccontextmanager

from tests.support.waiting import eventually


@asynccontextmanager
async def running(transcriber):
    """Run a transcriber until the block ends."""
    task = asyncio.create_task(transcriber.run())
    try:
        yield transcriber
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ready(transcriber, timeout_s=40):
    """Wait until it can work."""
    await eventually(lambda: transcriber.info.state == "ready", timeout_s=timeout_s, interval_s=0.01)
