"""Clips: cut out of recordings for whoever watches them now, or to be kept."""

from collections import Counter
from datetime import datetime
import logging
import os
from pathlib import Path
from typing import NoReturn

from ..domain.clock import Clock
from ..domain.errors import UnavailableError
from ..domain.recordings import RecordingItem
from ..recordings.clip_cache import Clip, ClipCache, Wanted
from ..recordings.disk_threads import DiskThreads
from .recordings import Recordings

__all__ = ["Clip", "Clips"]

LOGGER = logging.getLogger(__name__)


class Clips:
    """What can be seen of a time that was recorded; `run` owns the processes that cut."""

    def __init__(self, recordings: Recordings, clock: Clock, spare: Path) -> None:
        """Cut out of these recordings; clips go to the folder `spare` where the recordings' disk may only be read."""
        self.disk = DiskThreads()
        """Where what is read of recordings is to be read."""

        self._recordings = recordings
        self._cache = ClipCache(recordings.library, self.disk, clock, spare)
        self._forgotten = Counter[str]()

    async def run(self) -> NoReturn:
        """Cut what is asked for until cancelled."""
        await self._cache.run()

    async def watch(self, stream: str, start: datetime, end: datetime) -> Clip:
        """Return a clip whose file stays for some minutes; raises NotFoundError, UnavailableError."""
        await self._require(stream)
        return await self._cache.get(Wanted(stream, start, end))

    async def keep(self, stream: str, start: datetime, end: datetime) -> RecordingItem:
        """Cut a clip and keep it in the library, with its event; raises NotFoundError, UnavailableError."""
        await self._require(stream)
        forgotten = self._forgotten[stream]
        wanted = Wanted(stream, start, end)
        while not self._cache.take(clip := await self._cache.get(wanted, settled=True)):
            pass  # somebody else who keeps the same took it
        item = await self._keep(stream, clip)
        if self._forgotten[stream] != forgotten:
            await self._recordings.delete(item.id)
            raise UnavailableError("Recordings of this stream were deleted meanwhile. Try again.")
        return item

    async def forget(self, *streams: str) -> None:
        """Drop what was cut of streams and not kept: something of them was deleted.

        Raises UnavailableError while any of it is still on the disk.
        """
        self._forgotten.update(streams)
        await self._cache.forget(*streams)

    async def _require(self, stream: str) -> None:
        """Raise NotFoundError for a stream that nobody knows; one that was removed may have recordings."""
        await self._recordings.list(stream=stream, limit=1)

    async def _keep(self, stream: str, clip: Clip) -> RecordingItem:
        part: Path | None = None
        kept: RecordingItem | None = None
        try:
            name, part = await self._recordings.begin_clip(stream, clip.cut.start)
            await self.disk.call(_hand_over, clip.path, part)
            kept = await self._recordings.add_clip(name, clip.cut.end)
        except OSError as error:
            raise UnavailableError(f"The clip cannot be kept ({error.strerror}). Check the recordings' disk.") from None
        finally:
            if kept is None:
                await self._clean_up(clip.path, part)
        return kept

    async def _clean_up(self, *paths: Path | None) -> None:
        for path in filter(None, paths):
            try:
                await self.disk.call(path.unlink, missing_ok=True)
            except OSError as error:
                LOGGER.warning("What is left of a clip, %s, cannot be removed (%s)", path.name, error.strerror)


def _hand_over(path: Path, target: Path) -> None:
    """Put the clip where the library wants it, all of it on disk before it has its last name."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    path.rename(target)
