"""A copy of the database while it is used, and a copy put in its place; all of it blocks, so call it in threads."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
import os
from pathlib import Path
import shutil
import sqlite3

from ..domain.errors import WallflowerError
from .carry_over import skip_event_ids
from .integrity import QuickCheck, RunMarker, name_aside, set_aside
from .migrate import migrate
from .sqlite import connect, connect_read_only, is_damage, make_private_file, unavailable_reason

PAGES_AT_ONCE = 1_000
"""Copied between two words on how far it is."""


class BackupError(WallflowerError):
    """No copy can be made, or put back; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds: cameras and sentences."""

    streams: int
    segments: int


def back_up(path: Path, target: Path, progress: Callable[[float], None]) -> Contents:
    """Copy the database as it is now into a new file; whoever writes meanwhile is not held up.

    `progress` is told the part that is done (0 to 1). Raises BackupError, OSError.
    """
    if target.exists():
        raise BackupError(f"{target} is there already. Give another name, or remove it first.")
    part = target.with_name(f"{target.name}.part")
    _remove(part)
    make_private_file(part)
    try:
        _copy(path, part, progress)
        contents = look_into(part)
        _settle(part)
        part.replace(target)
    except sqlite3.OperationalError as error:
        raise BackupError(f"{target} cannot be written: {unavailable_reason(error) or error}.") from None
    finally:
        _remove(part)
    return contents


def look_into(file: Path) -> Contents:
    """Check a copy from end to end and say what it holds. Raises BackupError."""
    if not file.is_file():
        raise BackupError(f"There is no file {file}.")
    try:
        sound = QuickCheck(file).run()
        connection = connect_read_only(file)
        try:
            streams, segments = (
                connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
                for table in ("streams", "segments")
            )
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise BackupError(f"{file} is damaged, or no database.") from None
        raise BackupError(f"{file} is not a copy of Wallflower's database.") from None
    if not sound:
        raise BackupError(f"{file} is damaged.")
    return Contents(streams, segments)


def restore(file: Path, path: Path, now: datetime) -> Path | None:
    """Put a copy in the database's place; returns where what was there is kept, None if there was nothing.

    Raises BackupError (a sidecar runs, no sound copy), NewerSchemaError, OSError.
    """
    look_into(file)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    marker = RunMarker(path)
    if not marker.is_owner:
        marker.release(clean=False)
        raise BackupError("The sidecar is running. Stop it, restore, and start it again.")
    try:
        kept = _put_in_place(file, path, now)
    except BaseException:
        marker.leave()
        raise
    marker.release(clean=True)
    return kept


def _put_in_place(file: Path, path: Path, now: datetime) -> Path | None:
    fresh = path.with_name(f"{path.name}.restoring")
    try:
        _remove(fresh)
        make_private_file(fresh)
        shutil.copyfile(file, fresh)
        migrate(fresh, name=str(file))
        _number_above(fresh, max(int(now.timestamp()), _newest_event(path)))
        _settle(fresh)
        if path.exists():
            kept = _keep(path, now)
        else:
            kept = None
            # A log without its database would be taken for the new one's.
            _remove(path)
        fresh.replace(path)
    finally:
        _remove(fresh)
    return kept


def _copy(path: Path, part: Path, progress: Callable[[float], None]) -> None:
    source, target = connect_read_only(path), sqlite3.connect(part, isolation_level=None)
    try:
        # Held open, so that every page is of the same moment however long it takes.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        source.backup(
            target,
            pages=PAGES_AT_ONCE,
            progress=lambda _status, left, total: progress(1 - left / total if total else 1.0),
        )
    finally:
        source.close()
        target.close()


def _remove(file: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _settle(file: Path) -> None:
    """Make it one file, whole on the disk."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=DELETE").close()
    finally:
        connection.close()
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _number_above(file: Path, given: int) -> None:
    """Clients may have seen events that the copy does not know: none of their ids is given again."""
    connection = connect(file)
    try:
        skip_event_ids(connection, given)
    finally:
        connection.close()


def _newest_event(path: Path) -> int:
    if not path.exists():
        return 0
    try:
        connection = connect_read_only(path)
        try:
            # Versions up to 3 of the schema had SQLite count for them.
            counters = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'counters'").fetchone()
            table, column = ("counters", "given") if counters else ("sqlite_sequence", "seq")
            found = connection.execute(f"SELECT max({column}) FROM {table} WHERE name = 'events'").fetchone()[0]  # noqa: S608
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        return 0  # it is damaged: the time of day is above what it gave
    return found or 0


def _keep(path: Path, now: datetime) -> Path:
    """Keep what is there under another name; where it is sound, its place is never empty."""
    try:
        connection = connect(path)
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            connection.execute("PRAGMA journal_mode=DELETE").close()
        finally:
            connection.close()
        aside = name_aside(path, "replaced", now)
        os.link(path, aside)
    except sqlite3.DatabaseError, OSError:
        # It is damaged, or this file system gives a file one name only.
        return set_aside(path, "replaced", now)
    return aside
