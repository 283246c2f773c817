"""Brings what a house needs to go on from a damaged database into the new one: cameras, tokens, the server's id."""

from datetime import datetime
import logging
from pathlib import Path
import sqlite3

from .sqlite import connect, connect_read_only

TABLES = ("meta", "streams", "house_rules", "former_streams", "former_recordings", "tokens")

LOGGER = logging.getLogger(__name__)


def carry_over(damaged: Path, fresh: Path, now: datetime) -> list[str]:
    """Copy each small table that can still be read; returns their names. Blocks, so call it in a thread.

    Event ids go on far above those given before (from the seconds since 1970), so none is given twice.
    """
    target = connect(fresh)
    try:
        skip_event_ids(target, int(now.timestamp()))
        return [table for table in TABLES if _copied(damaged, target, table)]
    finally:
        target.close()


def skip_event_ids(target: sqlite3.Connection, given: int) -> None:
    """Let event ids go on above `given`, if they do not already."""
    target.execute(
        "INSERT INTO counters(name, given) VALUES ('events', ?)"
        " ON CONFLICT(server, name) DO UPDATE SET given = max(given, excluded.given)",
        (given,),
    )


def _copied(damaged: Path, target: sqlite3.Connection, table: str) -> bool:
    try:
        source = connect_read_only(damaged)
        try:
            # An older version may have written it, without columns that came later.
            columns = [name for name in _columns(target, table) if name in _columns(source, table)]
            names = ", ".join(columns)
            marks = ", ".join("?" * len(columns))
            rows = source.execute(f"SELECT {names} FROM {table}").fetchall()  # noqa: S608
        finally:
            source.close()
        target.execute("BEGIN IMMEDIATE")
        target.executemany(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608
        target.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        if target.in_transaction:
            target.execute("ROLLBACK")
        LOGGER.warning("Table %s of the damaged database cannot be read: %s", table, error.sqlite_errorname)
        return False
    return bool(rows)


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
