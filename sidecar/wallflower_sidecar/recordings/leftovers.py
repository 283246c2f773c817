"""Recordings that nobody finished, of a process that was killed: mended, measured and given their last name."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
import errno
import logging
import os

from ..domain.clock import Clock
from ..domain.recordings import LONGEST, RecordingKind, SavedFile
from ..processes.asked_child import AskedChild, ChildEndedError, asked_child
from ..processes.life import ChildSpec
from . import leftover_messages as messages
from .disk_threads import DiskThreads
from .library import WHOLE_DISK, Library, StoredFile

QUIET_S = 45.0
"""A file that is being written grows at every key frame; one that has not for so long is nobody's any more."""

HURRIED_QUIET_S = 10.0
"""The same, once a recorder is known to have died."""

MEND_S = 60.0
"""A reader that takes longer for one file is ended."""

AGAIN_S = 3600.0
"""When a file that was given up is tried again."""

_READER = ChildSpec("leftovers", "wallflower_sidecar.recordings.leftover_reader")

LOGGER = logging.getLogger(__name__)


class Leftovers:
    """Finds abandoned files by looking again and again, and finishes them."""

    def __init__(self, library: Library, disk: DiskThreads, clock: Clock, *, quiet_s: float = QUIET_S) -> None:
        """Take a file for abandoned that has not changed for `quiet_s`; at the first look, since before now."""
        self._library = library
        self._disk = disk
        self._clock = clock
        self._quiet_s = quiet_s
        self._began: datetime | None = clock.now()
        self._seen: dict[str, tuple[int, int, float]] = {}
        self._given_up: dict[str, float] = {}

    def abandoned(self, parts: Sequence[StoredFile], quiet_s: float | None = None) -> list[StoredFile]:
        """Return those among all unfinished files that nobody writes any more, as none has changed for so long."""
        quiet_s = self._quiet_s if quiet_s is None else min(quiet_s, self._quiet_s)
        now = self._clock.monotonic()
        began = self._began
        self._began = None  # later the clock may have been set: only its steady twin counts then
        seen = {part.path: self._unchanged_since(part, now) for part in parts}
        self._seen = {part.path: (part.bytes, part.changed_ns, seen[part.path]) for part in parts}
        self._given_up = {
            path: since for path, since in self._given_up.items() if path in seen and now - since < AGAIN_S
        }
        return [
            part
            for part in parts
            if part.path not in self._given_up and (_is_older(part, began) or now - seen[part.path] >= quiet_s)
        ]

    async def finish(self, abandoned: Sequence[StoredFile], on_saved: Callable[[SavedFile], None]) -> None:
        """Finish files one after the other; what holds nothing, and clips that were being cut, is removed.

        Raises OSError when the disk is not there, UnavailableError if no process can be started. A file that cannot be
        read, mended or removed is left as it is, and tried again after an hour.
        """
        segments = deque(part for part in abandoned if part.name.kind is RecordingKind.SEGMENT and part.bytes)
        await self._remove([part.path for part in abandoned if part not in segments])
        while segments:
            async with asked_child(_READER, self._clock) as reader:
                await self._finish_with(reader, segments, on_saved)

    async def _finish_with(
        self, reader: AskedChild, waiting: deque[StoredFile], on_saved: Callable[[SavedFile], None]
    ) -> None:
        while waiting:
            part = waiting.popleft()
            try:
                answer = await reader.ask(messages.mend(self._library.locate(part.path)), MEND_S)
            except (ChildEndedError, TimeoutError) as error:
                self._give_up(part.path, str(error) or "too slow")
                return
            if answer["errno"]:
                await self._pass_over(part, answer["errno"])
            elif answer["seconds"]:
                await self._name(part, answer["seconds"], on_saved)
            else:
                LOGGER.info("The unfinished recording %s holds nothing and is removed", part.path)
                await self._remove([part.path])

    async def _name(self, part: StoredFile, seconds: float, on_saved: Callable[[SavedFile], None]) -> None:
        end = part.name.start + min(timedelta(seconds=seconds), LONGEST)
        try:
            saved = await self._disk.call(self._library.finish, part.name, end)
        except (PermissionError, FileNotFoundError) as error:
            await self._pass_over(part, error.errno or 0)
            return
        on_saved(saved)
        LOGGER.info("Finished the recording %s of %.1f s", part.path, seconds)

    async def _pass_over(self, part: StoredFile, number: int) -> None:
        """Leave a file after an error of this number; raises OSError for one that holds for the whole disk."""
        if number in WHOLE_DISK:
            raise OSError(number, os.strerror(number))
        if number == errno.EAGAIN:
            self._seen.pop(part.path, None)  # its recorder hangs, or writes rarely
        elif number == errno.ENOENT:
            await self._disk.call(self._library.require)  # it was removed, or all of them are away
        else:
            self._give_up(part.path, os.strerror(number))

    async def _remove(self, paths: Sequence[str]) -> None:
        removal = await self._disk.call(self._library.remove, paths)
        for path in set(paths).difference(removal.gone):
            self._give_up(path, os.strerror(removal.fault.errno or 0) if removal.fault else "it cannot be removed")

    def _give_up(self, path: str, why: str) -> None:
        self._given_up[path] = self._clock.monotonic()
        LOGGER.warning("The unfinished recording %s cannot be finished (%s); it is left as it is", path, why)

    def _unchanged_since(self, part: StoredFile, now: float) -> float:
        known = self._seen.get(part.path)
        return known[2] if known is not None and known[:2] == (part.bytes, part.changed_ns) else now


def _is_older(part: StoredFile, began: datetime | None) -> bool:
    """Whether a file was begun and last changed before a moment; its name says the one, a share's clock the other."""
    if began is None:
        return False
    return part.name.start < began and part.changed_ns < began.timestamp() * 1e9
