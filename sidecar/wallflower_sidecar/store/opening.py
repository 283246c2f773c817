"""What happens before a database can be used: rights, run marker, damage, migrations, unfinished erasures."""

from dataclasses import dataclass
from datetime import datetime
import logging
from pathlib import Path
import sqlite3
import uuid

from sqlalchemy.exc import DBAPIError

from .carry_over import carry_over
from .erasure import RemnantsError, erase_remnants, is_pending
from .errors import DatabaseUnusableError
from .integrity import LastStop, RunMarker, set_aside
from .migrate import migrate
from .sqlite import connect, is_damage, make_private_file, unavailable_reason

ERASE_AT_START_S = 5.0
OLDEST_SQLITE = (3, 42)
"""The first one whose full-text index takes deleted words out of its pages."""

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is ready; `fault` is what a person should know of it, `needs_check` follows an unclean stop."""

    path: Path
    marker: RunMarker
    server_id: str
    fault: str | None
    needs_check: bool


def prepare(path: Path, now: datetime) -> Opened:
    """Make the file ready; blocks, so call it in a thread. Raises DatabaseUnusableError, NewerSchemaError."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise DatabaseUnusableError(f"SQLite {sqlite3.sqlite_version} is too old to erase text; 3.42 is needed.")
    try:
        make_private_file(path)
        marker = RunMarker(path)
    except OSError as error:
        raise DatabaseUnusableError(
            f"The data folder {path.parent} cannot be written ({error.strerror}). Check its owner, or set DATA_DIR."
        ) from None
    try:
        fault = _bring_up(path, marker, now)
        server_id = _server_id(path)
        _finish_erasure(path)
    except (DBAPIError, sqlite3.Error) as error:
        marker.release(clean=False)
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise DatabaseUnusableError(
            f"The database {path} cannot be used: {unavailable_reason(error) or cause}."
        ) from error
    except BaseException:
        marker.release(clean=False)
        raise
    return Opened(path, marker, server_id, fault, needs_check=marker.last_stop is LastStop.UNCLEAN and not fault)


def _bring_up(path: Path, marker: RunMarker, now: datetime) -> str | None:
    """Migrate the file, or set it aside and begin a new one; returns the sentence about that."""
    if marker.last_stop is not LastStop.DAMAGED:
        try:
            migrate(path)
        except DBAPIError as error:
            if not (is_damage(error) and marker.is_owner):
                raise
        else:
            return None
    aside = set_aside(path, "damaged", now)
    make_private_file(path)
    migrate(path)
    kept = carry_over(aside, path, now)
    LOGGER.error("The database was damaged and is set aside as %s; carried over: %s", aside.name, kept or "nothing")
    carried = "Cameras and tokens were carried over." if {"streams", "tokens"} <= set(kept) else ""
    return f"The database was damaged. It is kept as {aside.name}, and a new one was begun. {carried}".strip()


def _server_id(path: Path) -> str:
    connection = connect(path)
    try:
        connection.execute("INSERT OR IGNORE INTO meta(key, value) VALUES ('server_id', ?)", (str(uuid.uuid4()),))
        found: str = connection.execute("SELECT value FROM meta WHERE key = 'server_id'").fetchone()[0]
    finally:
        connection.close()
    return found


def _finish_erasure(path: Path) -> None:
    if not is_pending(path):
        return
    try:
        erase_remnants(path, deadline_s=ERASE_AT_START_S)
    except RemnantsError:
        LOGGER.warning("Remnants of deleted text could not be erased yet: another program reads the database")
