"""The recordings folder: made once, looked at, read, tidied. Everything here blocks: call it in a thread.

Only what the naming grammar knows is ever listed, renamed or removed, and nothing is reached through a symbolic link.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
import errno
import os
from pathlib import Path, PurePosixPath

from ..domain.recordings import (
    CLIPS,
    MARKER,
    PART,
    ForgottenSpan,
    RecordingName,
    SavedFile,
    is_day_folder,
    is_stream_folder,
)
from ..processes.broken_mount import gave_up

_PRIVATE = 0o700
WHOLE_DISK = frozenset({errno.EROFS, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT})
"""What is said of one file, and holds for all."""


class FolderState(StrEnum):
    """Whether recordings can be kept in the folder now."""

    READY = "ready"
    MISSING = "missing"
    READ_ONLY = "read_only"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Condition:
    """The folder now; bytes are those of its disk, 0 where nobody can tell, `reason` is what the system said."""

    state: FolderState
    free: int = 0
    total: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the folder, finished or not, as its name and the disk describe it."""

    name: RecordingName
    bytes: int
    changed_ns: int

    @property
    def path(self) -> str:
        """The place relative to the root."""
        return str(self.name.path)


@dataclass(frozen=True, slots=True)
class Removal:
    """Which files are gone, and what the system said of the last one that is not."""

    gone: list[str]
    fault: OSError | None = None


class Library:
    """The files below one root."""

    def __init__(self, root: Path) -> None:
        """Work on this folder, whether it is there or not."""
        self.root = root

    def create(self) -> None:
        """Make the folder and its marker; raises OSError."""
        self.root.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        os.close(os.open(self.root / MARKER, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def look(self) -> Condition:
        """Return the folder's condition; writes nothing."""
        try:
            marker = (self.root / MARKER).stat()
            disk = os.statvfs(self.root)
            broken = gave_up(marker.st_dev)
        except FileNotFoundError, NotADirectoryError:
            return Condition(FolderState.MISSING)
        except OSError as error:
            return Condition(FolderState.BROKEN, reason=os.strerror(error.errno or 0))
        free, total = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
        protected = broken or disk.f_flag & os.ST_RDONLY
        writable = not protected and os.access(self.root, os.W_OK | os.X_OK)
        return Condition(FolderState.READY if writable else FolderState.READ_ONLY, free, total)

    def require(self) -> None:
        """Raise FileNotFoundError unless the marker is there: what was seen without it is not the library."""
        (self.root / MARKER).stat()

    def folders(self) -> list[str]:
        """Return the folders that may hold recordings, such as `porch/2026-11-22` and `porch/clips`. Raises OSError."""
        found = []
        for stream in _folders(self.root):
            if is_stream_folder(stream):
                found += [
                    f"{stream}/{name}" for name in _folders(self.root / stream) if name == CLIPS or is_day_folder(name)
                ]
        self.require()
        return sorted(found)

    def files(self, folder: str) -> list[StoredFile]:
        """Return what lies in one of `folders`, finished and unfinished; raises OSError."""
        found = list(self._files(folder, ""))
        self.require()
        return found

    def parts(self, stream: str | None = None) -> list[StoredFile]:
        """Return the unfinished files, of all streams or one; raises OSError."""
        mine = [folder for folder in self.folders() if stream is None or folder.partition("/")[0] == stream]
        found = [file for folder in mine for file in self._files(folder, PART)]
        self.require()
        return found

    def locate(self, path: str | PurePosixPath) -> Path:
        """Return where a place below the root is; raises ValueError for what is no place of a recording."""
        relative = PurePosixPath(path)
        if RecordingName.parse(relative) is None:
            raise ValueError("no place of a recording")
        return self.root / relative

    def name_of(self, path: Path) -> RecordingName | None:
        """Return what an absolute path says; None if it is no recording's in this folder."""
        try:
            return RecordingName.parse(PurePosixPath(path.relative_to(self.root)))
        except ValueError:
            return None

    def begin(self, name: RecordingName) -> Path:
        """Make the folder that an unfinished file goes to and return its path; raises OSError without the marker."""
        self.require()
        path = self.locate(name.path)
        path.parent.parent.mkdir(mode=_PRIVATE, exist_ok=True)
        path.parent.mkdir(mode=_PRIVATE, exist_ok=True)
        return path

    def finish(self, name: RecordingName, end: datetime) -> SavedFile:
        """Give an unfinished file its last name; raises OSError."""
        finished = name.finished(end)
        path = self.locate(finished.path)
        self.locate(name.path).rename(path)
        return SavedFile(name.stream, path, finished.start, end, path.stat().st_size)

    def remove(self, paths: Iterable[str]) -> Removal:
        """Remove files and the folders that are empty then; one that cannot be removed keeps no other.

        Raises OSError where the whole disk is read-only or gone.
        """
        gone: list[str] = []
        folders: set[Path] = set()
        fault: OSError | None = None
        for path in paths:
            file = self.locate(path)
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                if error.errno in WHOLE_DISK:
                    raise
                fault = error
                continue
            gone.append(path)
            folders.add(file.parent)
        for folder in folders:
            with suppress(OSError):  # not empty, mostly
                folder.rmdir()
                folder.parent.rmdir()
        self.require()
        return Removal(gone, fault)

    def paths_of(self, stream: str) -> list[str]:
        """Return the places of all files of a stream, also of the one being written; raises OSError."""
        mine = [folder for folder in self.folders() if folder.partition("/")[0] == stream]
        return [file.path for folder in mine for file in self.files(folder)]

    def covered(self, span: ForgottenSpan) -> list[StoredFile]:
        """Return the files that hold anything of a time, finished or not; raises OSError."""
        mine = [folder for folder in self.folders() if span.stream in (None, folder.partition("/")[0])]
        return [file for folder in mine for file in self.files(folder) if span.covers(file.name)]

    def _files(self, folder: str, suffix: str) -> Iterator[StoredFile]:
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.root / folder) as entries:
            for entry in entries:
                name = RecordingName.parse(PurePosixPath(folder, entry.name)) if entry.name.endswith(suffix) else None
                with suppress(FileNotFoundError):
                    if name is not None and entry.is_file(follow_symlinks=False):
                        stat = entry.stat(follow_symlinks=False)
                        yield StoredFile(name, stat.st_size, stat.st_mtime_ns)


def _folders(folder: Path) -> Iterator[str]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield entry.name
