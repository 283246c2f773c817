"""A sidecar in miniature, to be killed: runs a managed transcriber; prints "ready" once it can work."""

import asyncio
from pathlib import Path
import sys

from tests.unit.speech.running import ready, running
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.speech.managed.transcriber import ManagedTranscriber


async def main(python: str, folder: str) -> None:
    transcriber = ManagedTranscriber(
        None, python=Path(python), models_dir=Path(folder), folder=Path(folder), clock=SystemClock()
    )
    async with running(transcriber):
        await ready(transcriber)
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
