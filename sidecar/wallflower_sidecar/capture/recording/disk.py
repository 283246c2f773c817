"""The disk that recordings go to, and one file on it; every call here may hang in the kernel."""

import contextlib
from datetime import datetime, timedelta
import errno
import fcntl
import os
from pathlib import Path
import threading

from ...domain.errors import CaptureCode
from ...domain.recordings import MARKER, PART, TRIAL, RecordingName
from ...processes.broken_mount import gave_up

FLOOR_BYTES = 64 * 1024 * 1024
"""Recording pauses below this much free space: what else lives on the disk needs room for its own files."""

TRY_BYTES = 64 * 1024
"""Written and removed again to see whether a disk that failed is well."""

_SMALL_SHARE = 20
"""Of a small disk only such a part is the floor, which retention keeps free and more."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LEAST_STEP = timedelta(milliseconds=1)
_MOST_STEPS = 1000


class RecordingDisks:
    """What all sessions of a worker know of their disks."""

    def __init__(self, floor_bytes: int = FLOOR_BYTES) -> None:
        """Know of no stuck thread."""
        self.floor_bytes = floor_bytes
        self._lock = threading.Lock()
        self._stuck: set[tuple[str, str]] = set()

    def leave_behind(self, root: str, stream: str) -> None:
        """A stream's writer does not come back from the disk: no other is to follow it there."""
        with self._lock:
            self._stuck.add((root, stream))

    def came_back(self, root: str, stream: str) -> None:
        """A stream's writer ended."""
        with self._lock:
            self._stuck.discard((root, stream))

    def is_stuck(self, root: str, stream: str) -> bool:
        """Whether an earlier writer of this stream still hangs."""
        return (root, stream) in self._stuck


def fault_code(error: OSError) -> CaptureCode:
    """What a failed call to the disk means to a person."""
    return CaptureCode.DISK_FULL if error.errno in _FULL else CaptureCode.DISK_ERROR


def check_disk(root: Path, floor_bytes: int) -> None:
    """Raise OSError unless the folder is ours, on a disk that answers, with room (ENOSPC).

    The marker is read, not only looked for: what a disk was may be remembered after it is gone.
    """
    with (root / MARKER).open("rb") as marker:
        marker.read(1)
        broken = gave_up(os.fstat(marker.fileno()).st_dev)
    space = os.statvfs(root)
    floor_bytes = min(floor_bytes, space.f_blocks * space.f_frsize // _SMALL_SHARE)
    if broken or space.f_flag & os.ST_RDONLY:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    if space.f_bavail * space.f_frsize < floor_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def try_disk(root: Path, stream: str) -> None:
    """Raise OSError unless a file of the stream can be written now: rights and quotas show in nothing else."""
    folder = root / stream if (root / stream).is_dir() else root
    file = folder / TRIAL.format(pid=os.getpid(), thread=threading.get_ident())
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.write(descriptor, bytes(TRY_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        file.unlink(missing_ok=True)


class PartFile:
    """A file that has its temporary name until it is finished. Methods raise OSError."""

    def __init__(self, root: Path, name: RecordingName) -> None:
        """Create it, some milliseconds later when there is one of that start; the root itself is never made."""
        self.name, self._descriptor = _create(root, name)
        # Whoever finishes what was left behind sees by it that somebody writes; some network shares have no locks.
        with contextlib.suppress(OSError):
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._root = root
        self._whole = 0

    @property
    def size(self) -> int:
        """Bytes that were written whole."""
        return self._whole

    @property
    def path(self) -> Path:
        """Where it lies while it is written."""
        return self._root / self.name.path

    def write(self, block: bytes) -> None:
        """Append a block; after an error `cut` takes away what came of it."""
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._whole += len(block)

    def check_place(self) -> None:
        """Raise FileNotFoundError when the file is no longer where it was made."""
        here, there = os.fstat(self._descriptor), self.path.stat()
        if (here.st_ino, here.st_dev) != (there.st_ino, there.st_dev):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def cut(self) -> None:
        """Go back to the end of the last whole block."""
        os.ftruncate(self._descriptor, self._whole)

    def finish(self, end: datetime) -> RecordingName:
        """Put it on the disk for good and give it its last name."""
        self.check_place()
        os.fsync(self._descriptor)
        finished = self.name.finished(max(end, self.name.start + _LEAST_STEP))
        final = self._root / finished.path
        self.path.rename(final)
        _sync_folder(final.parent)
        return finished

    def close(self) -> None:
        """Let go of it, whatever its name is."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1

    def discard(self) -> None:
        """Remove it."""
        with contextlib.suppress(OSError):
            self.path.unlink()
        self.close()


def _create(root: Path, name: RecordingName) -> tuple[RecordingName, int]:
    for _ in range(_MOST_STEPS):
        path = root / name.path
        path.parent.parent.mkdir(exist_ok=True)
        path.parent.mkdir(exist_ok=True)
        if not any(path.parent.glob(f"{path.name.removesuffix(f'.mp4{PART}')}_*.mp4")):
            with contextlib.suppress(FileExistsError):
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
                return name, os.open(path, flags, 0o640)
        name = RecordingName(name.stream, name.start + _LEAST_STEP)
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _sync_folder(folder: Path) -> None:
    # Some network file systems do not know how; the file itself is on the disk by now, and has its last name.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
