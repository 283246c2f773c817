"""Clips that were just cut, kept for a while: a player asks for one file many times, a piece at a time."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
import errno
import logging
import os
from pathlib import Path
import shutil
import tempfile
from typing import NamedTuple, NoReturn

from ..domain.clock import Clock
from ..domain.errors import NotFoundError, UnavailableError, WallflowerError
from ..domain.transcripts import new_id
from .clips import NOTHING, Cut, Sources, cut_clip, find_sources
from .disk_threads import DiskThreads
from .library import Library
from .removals import Removals

LOGGER = logging.getLogger(__name__)

FOLDER = ".clips"
"""Below the root of the recordings; no stream has such an id."""

MOST_AT_ONCE = 2
MOST_WAITING = 8
MOST_KEPT = 8
MOST_BYTES = 1024 * 1024 * 1024
"""The newest one stays, however big it is."""

IDLE_S = 300.0
GROWING_S = 30.0
"""A clip whose last file was still being written is cut anew after so long."""

SPARE_BYTES = 64 * 1024 * 1024
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_SWEEP_S = 5.0
_CLEAN_UP_S = 2.0
"""A disk that does not answer must not hold up a stop; the next start cleans up too."""


class Wanted(NamedTuple):
    """What somebody wants to see."""

    stream: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip in the cache; moments without a zone are on the monotonic clock, in seconds."""

    path: Path
    cut: Cut
    sources: Sources

    cut_at: float
    used_at: float


@dataclass(slots=True)
class _Cutting:
    """A clip being cut, and how many wait for it."""

    task: asyncio.Task[Clip | WallflowerError]
    waiting: int = 0


class ClipCache:
    """Cuts clips, a few at a time, and keeps the newest; everything is called on one event loop."""

    def __init__(self, library: Library, disk: DiskThreads, clock: Clock, spare: Path) -> None:
        """Keep clips beside the recordings that they are cut from; in `spare` where nobody may write there."""
        self._library = library
        self._disk = disk
        self._folders = (library.root / FOLDER, spare)
        self._clock = clock
        self._clips: dict[Wanted, Clip] = {}
        self._cutting: dict[Wanted, _Cutting] = {}
        self._removals = Removals(disk)
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> NoReturn:
        """Own what is being cut until cancelled; then nothing of it is left."""
        await self._remove_all()
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                try:
                    while True:
                        await asyncio.sleep(_SWEEP_S)
                        await self._sweep()
                finally:
                    self._group = None
                    for cutting in self._cutting.values():
                        cutting.task.cancel()
        finally:
            self._clips.clear()
            await self._remove_all()

    async def get(self, wanted: Wanted, *, settled: bool = False) -> Clip:
        """Return the clip, cut now unless it is here; `settled`: not one that was cut while its files still grew.

        Raises NotFoundError when nothing was recorded then, UnavailableError.
        """
        now = self._clock.monotonic()
        known = self._clips.get(wanted)
        if known is not None and (not known.sources.growing or (not settled and now - known.cut_at < GROWING_S)):
            self._clips[wanted] = known = replace(known, used_at=now)
            return known
        while (cutting := self._cutting.get(wanted)) is not None and cutting.task.cancelling():
            await asyncio.wait({cutting.task})
        cutting = cutting or self._begin(wanted)
        cutting.waiting += 1
        try:
            await asyncio.wait({cutting.task})
        finally:
            cutting.waiting -= 1
            if not cutting.waiting:
                cutting.task.cancel()  # does nothing once it is done
        if cutting.task.cancelled():
            raise UnavailableError("The clip cannot be made: its recordings were removed, or the sidecar is stopping.")
        clip = cutting.task.result()
        if isinstance(clip, WallflowerError):
            raise clip
        return clip

    def take(self, clip: Clip) -> bool:
        """Hand the file over: the cache neither gives nor removes it any more; False if it has it no more."""
        taken = [wanted for wanted, each in self._clips.items() if each.path == clip.path]
        for wanted in taken:
            del self._clips[wanted]
        return bool(taken)

    async def forget(self, *streams: str) -> None:
        """Drop what was cut of streams, and stop what is being cut: something of them was deleted.

        Raises UnavailableError while any of it is still on the disk; it is tried again until it is gone.
        """
        cutting = [each.task for wanted, each in self._cutting.items() if wanted.stream in streams]
        for task in cutting:
            task.cancel()
        if cutting:
            await asyncio.wait(cutting)
        await self._removals.remove(self._take([wanted for wanted in self._clips if wanted.stream in streams]))
        if any(file.parent.name in streams for file in self._removals.left):
            raise UnavailableError("A clip that was cut of this cannot be removed yet. Check the recordings' disk.")

    def _begin(self, wanted: Wanted) -> _Cutting:
        if self._group is None:
            raise UnavailableError("Clips cannot be cut now: the sidecar is starting or stopping.")
        if len(self._cutting) >= MOST_AT_ONCE + MOST_WAITING:
            raise UnavailableError("Too many clips are being cut already. Try again in a moment.")
        task = self._group.create_task(self._cut(wanted), name="clip")
        cutting = self._cutting[wanted] = _Cutting(task)
        task.add_done_callback(lambda _: self._cutting.pop(wanted, None))
        return cutting

    async def _cut(self, wanted: Wanted) -> Clip | WallflowerError:
        try:
            async with self._turns:
                clip = await self._cut_now(wanted)
                before, self._clips[wanted] = self._clips.get(wanted), clip
                await self._removals.remove([*([before.path] if before else ()), *self._take(self._over_the_bounds())])
        except WallflowerError as error:
            return error
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            return UnavailableError(f"The disk of the recordings cannot be used ({reason}). Check it.")
        except Exception:
            LOGGER.exception("A clip cannot be cut")
            return UnavailableError("The clip cannot be made; the log has the cause.")
        return clip

    async def _cut_now(self, wanted: Wanted) -> Clip:
        sources, folder = await self._disk.call(self._prepare, wanted)
        target = folder / f"{new_id()}.mp4"
        cut = await cut_clip(
            sources.files, wanted.start, wanted.end, target, removals=self._removals, clock=self._clock
        )
        now = self._clock.monotonic()
        return Clip(target, cut, sources, now, now)

    def _prepare(self, wanted: Wanted) -> tuple[Sources, Path]:
        """Find the files, and a folder with room for the clip; blocks."""
        sources = find_sources(self._library, wanted.stream, wanted.start, wanted.end, self._clock.now())
        if not sources.files:
            raise NotFoundError(NOTHING)
        folder = self._writable_folder(wanted.stream)
        if shutil.disk_usage(folder).free < sources.bytes + SPARE_BYTES:
            raise UnavailableError(f"The disk of {folder.parent} has no room for the clip.")
        return sources, folder

    def _writable_folder(self, stream: str) -> Path:
        beside, spare = (folder / stream for folder in self._folders)
        try:
            _make(beside)
        except OSError as error:
            if error.errno not in _READ_ONLY:
                raise
            _make(spare)
            return spare
        return beside

    async def _sweep(self) -> None:
        """Drop what nobody uses any more, and what is made of files that were deleted since."""
        now = self._clock.monotonic()
        for wanted, clip in tuple(self._clips.items()):
            kept_s = GROWING_S if clip.sources.growing else IDLE_S
            if (await self._is_gone(clip) or now - clip.used_at > kept_s) and self._clips.get(wanted) is clip:
                await self._removals.remove(self._take([wanted]))
        await self._removals.remove()

    async def _is_gone(self, clip: Clip) -> bool:
        try:
            return await self._disk.call(clip.sources.are_gone)
        except OSError:
            return False  # nobody can tell

    def _over_the_bounds(self) -> list[Wanted]:
        """Those that nobody used for longest, so many that the rest is within the bounds."""
        oldest_first = sorted(self._clips, key=lambda wanted: self._clips[wanted].used_at)
        total = sum(clip.cut.bytes for clip in self._clips.values())
        over: list[Wanted] = []
        for wanted in oldest_first[:-1]:
            if len(self._clips) - len(over) <= MOST_KEPT and total <= MOST_BYTES:
                break
            total -= self._clips[wanted].cut.bytes
            over.append(wanted)
        return over

    def _take(self, clips: Sequence[Wanted]) -> list[Path]:
        return [clip.path for wanted in clips if (clip := self._clips.pop(wanted, None)) is not None]

    async def _remove_all(self) -> None:
        with suppress(OSError):
            async with asyncio.timeout(_CLEAN_UP_S):
                for folder in self._folders:
                    await self._disk.call(shutil.rmtree, folder, ignore_errors=True)


def _make(folder: Path) -> None:
    """Make a folder in which files can be made; raises OSError."""
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    tempfile.TemporaryFile(dir=folder).close()  # rights alone do not tell: the disk may have broken
