"""What tests of the service ask of its database, and the faults they give it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from wallflower_sidecar.domain.events import Event
from wallflower_sidecar.domain.streams import Stream
from wallflower_sidecar.domain.transcripts import Transcript, Utterance
from wallflower_sidecar.service import Service
from wallflower_sidecar.service.capture_events import CaptureEvents
from wallflower_sidecar.service.transcripts import Transcripts
from wallflower_sidecar.store import Database, streams as stored_streams


@asynccontextmanager
async def write_protected(database: Database) -> AsyncGenerator[None]:
    """SQLite refuses every change within the block, as on a disk that was mounted read-only after an error."""
    await _protect(database, "ON")
    try:
        yield
    finally:
        await _protect(database, "OFF")


async def _protect(database: Database, state: str) -> None:
    async with database._writing, database._backend.writer.connect() as connection:
        # Past SQLAlchemy, which would begin a transaction first.
        raw = await connection.get_raw_connection()
        await (await raw.driver_connection.execute(f"PRAGMA query_only={state}")).close()


@asynccontextmanager
async def writer_taken(database: Database) -> AsyncGenerator[None]:
    """Somebody else writes within the block: whoever wants to has to wait."""
    async with database.write():
        yield


async def told(service: Service, after: int = 0) -> list[Event]:
    """The stored events after a number."""
    page = await service.events.read_after(after, limit=1000, stream=None, types=())
    return list(page.events)


async def kept_streams(database: Database) -> dict[str, Stream]:
    """What a restart would load."""
    async with database.read() as connection:
        return {stream.id: stream for stream in await stored_streams.load_streams(connection)}


def known_streams(service: Service) -> dict[str, Stream]:
    """What the service has in memory."""
    return {stream.id: stream for stream in service.streams.all()}


async def write_reports(service: Service) -> None:
    """Have what the capture side reported written, as before a stop."""
    await _write(service._reports)


async def hear(service: Service, utterance: Utterance, transcript: Transcript) -> None:
    """An utterance became text, and that is written after what was reported."""
    service._listening.heard(utterance, transcript)
    await _write(service._reports, service.transcripts)


async def _write(*waiting: CaptureEvents | Transcripts) -> None:
    writing = [asyncio.create_task(each.run()) for each in waiting]
    await asyncio.gather(*(each.finish() for each in waiting))
    for task in writing:
        task.cancel()
    await asyncio.wait(writing)
