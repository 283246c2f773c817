"""One process at a time fetches or removes a model: a lock file that ends with its holder."""

import fcntl
import os
from pathlib import Path


class FetchLock:
    """The lock of one model's name; the kernel opens it when its holder dies, however it dies."""

    def __init__(self, models_dir: Path, name: str) -> None:
        """Prepare; `acquire` takes it."""
        self._path = models_dir / f".{name}.lock"
        self._fd: int | None = None

    def acquire(self) -> bool:
        """Take the lock, without waiting; False while another holds it. Raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._is_current(fd):
                self._fd = fd
                return True
        except BlockingIOError:
            pass
        except OSError:
            os.close(fd)
            raise
        os.close(fd)
        return False

    def release(self) -> None:
        """Remove the file, then open the lock, so that whoever took hold of the old file sees that it is no more."""
        if self._fd is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = None

    def _is_current(self, fd: int) -> bool:
        try:
            return os.path.samestat(os.fstat(fd), self._path.stat())
        except FileNotFoundError:
            return False
