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
    found = target.execute("SELECT max(seq) FROM sqlite_sequence WHERE name = 'events'").fetchone()[0] or 0
    target.execute("DELETE FROM sqlite_sequence WHERE name = 'events'")
    target.execute("INSERT INTO sqlite_sequence(name, seq) VALUES ('events', ?)", (max(found, given),))


def _copied(damaged: Path, target: sqlite3.Connection, table: str) -> bool:
    columns = [row[1] for row in target.execute(f"PRAGMA table_info({table})")]
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    try:
        source = connect_read_only(damaged)
        try:
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
