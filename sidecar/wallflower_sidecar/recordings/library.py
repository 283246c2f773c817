"""The recordings folder: made once, looked at, read, tidied. Everything here blocks: call it in a thread.

Only what the naming grammar knows is ever listed, renamed or removed, and nothing is reached through a symbolic link.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
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
    is_trial,
)
from ..processes.broken_mount import gave_up

_PRIVATE = 0o700
WHOLE_DISK = frozenset({errno.EROFS, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT})
"""What is said of one file, and holds for all."""

_ONE_FOLDER = frozenset({errno.EACCES, errno.EPERM, errno.EIO, errno.EUCLEAN, errno.EBADMSG})
"""What is said of a folder that cannot be read, and keeps nobody from the others."""


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
        self.unreadable: dict[str, str] = {}
        """Streams of which not all could be read when last looked at, and what the system said."""

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
        """Return the folders that may hold recordings, such as `porch/2026-11-22` and `porch/clips`. Raises OSError.

        Those of a stream that cannot be read are passed over.
        """
        streams = list(self._streams())
        self.unreadable = {}
        found: list[str] = []
        for stream in streams:
            with self.passing_over(stream):
                found += self._folders_of(stream)
        self.require()
        return sorted(found)

    @contextmanager
    def passing_over(self, folder: str) -> Generator[None]:
        """Note what cannot be read of a stream or of one of its folders; raises what concerns the others too."""
        try:
            yield
        except OSError as error:
            if not concerns_one_folder(error):
                raise
            self.unreadable[folder.partition("/")[0]] = os.strerror(error.errno or 0)

    def files(self, folder: str) -> list[StoredFile]:
        """Return what lies in one of `folders`, finished and unfinished; raises OSError."""
        found = list(self._files(folder, ""))
        self.require()
        return found

    def parts(self) -> list[StoredFile]:
        """Return the unfinished files that can be seen; raises OSError."""
        found: list[StoredFile] = []
        for folder in self.folders():
            with self.passing_over(folder):
                found += self._files(folder, PART)
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

    def remove_trials(self) -> None:
        """Remove what is left of trials of the disk whose recorders were killed; raises OSError."""
        for stream in ("", *self._streams()):
            with suppress(OSError), os.scandir(self.root / stream) as entries:  # tried again at the next start
                for entry in entries:
                    if is_trial(entry.name) and entry.is_file(follow_symlinks=False):
                        Path(entry.path).unlink(missing_ok=True)

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
        paths = [file.path for folder in self._folders_of(stream) for file in self.files(folder)]
        self.require()
        return paths

    def covered(self, span: ForgottenSpan) -> list[StoredFile]:
        """Return the files that hold anything of a time, finished or not; raises OSError."""
        streams = self._streams() if span.stream is None else [span.stream]
        mine = [folder for stream in streams for folder in self._folders_of(stream)]
        found = [file for folder in mine for file in self.files(folder) if span.covers(file.name)]
        self.require()
        return found

    def _streams(self) -> Iterator[str]:
        return filter(is_stream_folder, _folders(self.root))

    def _folders_of(self, stream: str) -> list[str]:
        found = _folders(self.root / stream)
        return [f"{stream}/{name}" for name in found if name == CLIPS or is_day_folder(name)]

    def _files(self, folder: str, suffix: str) -> Iterator[StoredFile]:
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.root / folder) as entries:
            for entry in entries:
                name = RecordingName.parse(PurePosixPath(folder, entry.name)) if entry.name.endswith(suffix) else None
                with suppress(FileNotFoundError):
                    if name is not None and entry.is_file(follow_symlinks=False):
                        stat = entry.stat(follow_symlinks=False)
                        yield StoredFile(name, stat.st_size, stat.st_mtime_ns)


def concerns_one_folder(error: OSError) -> bool:
    """Whether what went wrong with a folder keeps nobody from the others."""
    return error.errno in _ONE_FOLDER


def _folders(folder: Path) -> Iterator[str]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield entry.name
