"""How long recordings are kept, also those of streams that are gone."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.streams import Recording
from .columns import mine
from .schema import FORMER_RECORDINGS, RECORDINGS
from .streams import load_streams


async def recording_bounds(connection: AsyncConnection) -> dict[str, Recording]:
    """Return what bounds the recordings of each stream, present or former; a stream without bounds may be missing."""
    former = {
        row.stream: Recording(retain_days=row.retain_days, retain_bytes=row.retain_bytes)
        for row in await connection.execute(select(FORMER_RECORDINGS).where(mine(FORMER_RECORDINGS)))
    }
    return former | {stream.id: stream.recording for stream in await load_streams(connection)}


async def forget_bounds_of_none(connection: AsyncConnection) -> None:
    """Forget the bounds of removed streams of which no recording is left."""
    held = select(RECORDINGS.c.stream).where(mine(RECORDINGS), RECORDINGS.c.stream == FORMER_RECORDINGS.c.stream)
    await connection.execute(delete(FORMER_RECORDINGS).where(mine(FORMER_RECORDINGS), ~held.exists()))
