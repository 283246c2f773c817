"""Files that are to go: remembered until they are gone, as a disk that hangs or broke does not let go of them."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from .disk_threads import DiskThreads


class Removals:
    """Removes files, again and again if need be; everything is called on one event loop."""

    def __init__(self, disk: DiskThreads) -> None:
        """Have nothing to remove."""
        self._disk = disk
        self._waiting: dict[Path, None] = {}

    @property
    def left(self) -> tuple[Path, ...]:
        """What is not gone yet."""
        return tuple(self._waiting)

    async def remove(self, files: Iterable[Path] = ()) -> None:
        """Remove these and all that are left; who is being sent one still gets all of it."""
        self._waiting.update(dict.fromkeys(files))
        for file in self.left:
            with suppress(OSError):
                await self._disk.call(file.unlink, missing_ok=True)
                self._waiting.pop(file, None)
