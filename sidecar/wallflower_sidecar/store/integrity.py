"""Whether the last stop was clean, whether the file is sound, and where a damaged one goes."""

from datetime import datetime
from enum import StrEnum
import fcntl
import os
from pathlib import Path
import sqlite3

from .sqlite import connect_read_only, is_damage


class LastStop(StrEnum):
    """What the run marker says of whoever had the database before."""

    CLEAN = "clean"
    UNCLEAN = "unclean"
    DAMAGED = "damaged"
    STILL_RUNNING = "still running"


class RunMarker:
    """A file beside the database that is empty after a clean stop; its lock tells a live owner from a dead one."""

    def __init__(self, database: Path) -> None:
        """Take the lock if nobody holds it; raises OSError."""
        path = database.with_name(f"{database.name}.running")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.last_stop = LastStop.STILL_RUNNING
            return
        found = os.read(self._file, 64)
        if not found:
            self.last_stop = LastStop.CLEAN
        elif found == LastStop.DAMAGED.encode():
            self.last_stop = LastStop.DAMAGED
        else:
            self.last_stop = LastStop.UNCLEAN
        self._write(LastStop.UNCLEAN)

    @property
    def is_owner(self) -> bool:
        """Whether this process owns the database, and may check it or set it aside."""
        return self.last_stop is not LastStop.STILL_RUNNING

    def note_damage(self) -> None:
        """Let the next start set the database aside."""
        if self.is_owner:
            self._write(LastStop.DAMAGED)

    def release(self, *, clean: bool) -> None:
        """Give the lock back; a stop that is not clean is checked by the next start."""
        if self.is_owner and clean:
            os.truncate(self._file, 0)
        os.close(self._file)

    def leave(self) -> None:
        """Give the lock back with nothing done: what was known of the last stop still holds."""
        if self.is_owner:
            self._write(self.last_stop)
        self.release(clean=self.last_stop is LastStop.CLEAN)

    def _write(self, state: LastStop) -> None:
        os.truncate(self._file, 0)
        os.pwrite(self._file, state.encode(), 0)
        os.fsync(self._file)


class QuickCheck:
    """SQLite's own check of the whole file, on a connection of its own; blocks, so run it in a thread."""

    def __init__(self, path: Path) -> None:
        """Open the file for reading."""
        self._connection = connect_read_only(path)

    def run(self) -> bool:
        """Return whether the file is sound; raises sqlite3.OperationalError when it was stopped or could not read."""
        try:
            return bool(self._connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                return False
            raise
        finally:
            self._connection.close()

    def stop(self) -> None:
        """Make `run` end soon, from another thread."""
        try:
            self._connection.interrupt()
        except sqlite3.ProgrammingError:
            return  # it had ended already


def name_aside(path: Path, why: str, now: datetime) -> Path:
    """Return a free name beside a database that says why and when it was put there."""
    base = f"{path.stem}.{why}-{now:%Y%m%dT%H%M%S}"
    aside = path.with_name(f"{base}{path.suffix}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{base}-{number}{path.suffix}")
    return aside


def set_aside(path: Path, why: str, now: datetime) -> Path:
    """Rename a database with its log, so that it can still be rescued; returns the new name."""
    aside = name_aside(path, why, now)
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside
