"""How SQLite is spoken to: the file's rights, every connection's settings, and what its errors mean."""

from collections.abc import Callable
import logging
import os
from pathlib import Path
import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool

BUSY_S = 15.0
"""How long a connection waits for another one's lock."""

POOL_WAIT_S = 10.0

PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "temp_store=MEMORY",
)
"""WAL with NORMAL loses nothing of a killed process; secure_delete overwrites what is freed."""

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_UNAVAILABLE = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written",
    sqlite3.SQLITE_READONLY: "the file may only be read",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_BUSY: "another program holds it",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
    sqlite3.SQLITE_NOTADB: "it is damaged",
}


def make_private_file(path: Path) -> None:
    """Make the folder (0700) and the file (0600) if they are missing; raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)


def connect(path: Path, *, busy_s: float = BUSY_S) -> sqlite3.Connection:
    """Open a plain connection without implicit transactions; for threads."""
    connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()
    return connection


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open a plain connection that leaves file and write-ahead log as they are; for threads."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)


def writing_engine(path: Path) -> AsyncEngine:
    """One connection whose transactions take the write lock at once."""
    return _async_engine(path, "BEGIN IMMEDIATE", PRAGMAS, 1)


def reading_engine(path: Path, connections: int) -> AsyncEngine:
    """Connections that cannot write."""
    return _async_engine(path, "BEGIN", (*PRAGMAS, "query_only=ON"), connections)


def migrating_engine(path: Path) -> Engine:
    """A blocking engine whose transaction is the lock between processes that migrate."""
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": BUSY_S}, hide_parameters=True)
    # A table that is made anew is dropped first, and nothing that refers to it may go with it.
    _configure(engine, "BEGIN IMMEDIATE", (*PRAGMAS, "foreign_keys=OFF"))
    return engine


def error_code(error: BaseException | None) -> int | None:
    """SQLite's primary result code of an error, None if it is no error of SQLite's."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def is_damage(error: BaseException | None) -> bool:
    """Whether the error says that the file is no sound database."""
    return error_code(error) in _DAMAGE


def unavailable_reason(error: BaseException) -> str | None:
    """Why the database cannot be used now, None for an error that is the caller's."""
    code = error_code(error)
    return None if code is None else _UNAVAILABLE.get(code)


def _async_engine(path: Path, begin: str, pragmas: tuple[str, ...], connections: int) -> AsyncEngine:
    # aiosqlite logs every statement with its parameters at DEBUG: spoken text and tokens among them.
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        connect_args={"timeout": BUSY_S},
        poolclass=AsyncAdaptedQueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_WAIT_S,
        hide_parameters=True,
    )
    _configure(engine.sync_engine, begin, pragmas)
    return engine


def _configure(engine: Engine, begin: str, pragmas: tuple[str, ...]) -> None:
    """Give the transactions to SQLAlchemy: the driver's own begin too late for a read, and not at all for DDL."""

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    listeners: tuple[tuple[str, Callable[..., None]], ...] = (("connect", connected), ("begin", begun))
    for name, listener in listeners:
        event.listen(engine, name, listener)
