"""Where a move reads: the data folder's file, that nobody writes meanwhile; it is left as it is."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, create_engine, func, literal_column, select, true
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from .erasure import PENDING
from .errors import MoveError
from .integrity import LastStop, QuickCheck, RunMarker
from .migrate import is_newest
from .schema import META
from .sqlite import connect_read_only, unavailable_reason

SERVER_ID = "server_id"

_ROW: ColumnElement[int] = literal_column("rowid")
_STAYS: ColumnElement[bool] = META.c.key.in_((SERVER_ID, PENDING))
"""What belongs to the file itself."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of a table without what the target gives anew, and the number of the last one in the file."""

    rows: Sequence[dict[str, Any]]
    last: int


class Source:
    """The file's tables, read in the order of their rows; blocks, so call it in threads."""

    def __init__(self, path: Path, connection: Connection) -> None:
        """Read the file through a connection that cannot write."""
        self.state = _state(path)
        """Changes with whatever writes to the file."""

        self._path = path
        self._connection = connection
        found = select(META.c.value).where(META.c.key == SERVER_ID)
        self.server_id: str = connection.execute(found).scalar_one()

    def count(self, table: Table, *, up_to: int | None = None) -> int:
        """How many rows of a table are moved, or how many of them up to one."""
        rows = select(func.count()).select_from(table).where(_moved(table))
        if up_to is not None:
            rows = rows.where(up_to >= _ROW)
        with _readable(self._path):
            return self._connection.execute(rows).scalar_one()

    def rows(self, table: Table, after: int, limit: int) -> Batch | None:
        """The next rows after one, None where there are none. Raises MoveError for what cannot be read."""
        given_anew = {"server", getattr(table.autoincrement_column, "name", None)}
        columns = [column for column in table.c if column.name not in given_anew]
        query = select(*columns, _ROW.label("its_row")).where(_moved(table), after < _ROW).order_by(_ROW).limit(limit)
        try:
            with _readable(self._path):
                found = self._connection.execute(query).mappings().all()
        except ValueError:
            raise MoveError(f"A row of the table {table.name} cannot be read. Nothing of it was changed.") from None
        if not found:
            return None
        return Batch([{column.name: row[column] for column in columns} for row in found], found[-1]["its_row"])


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Hold the file as the sidecar would. Raises MoveError (it runs, is damaged, is of another version), OSError."""
    marker = RunMarker(path)
    try:
        if not marker.is_owner:
            raise MoveError("The sidecar is running. Stop it, move, and start it again.")
        _require_sound(path, marker)
        engine = create_engine(
            "sqlite://", creator=lambda: connect_read_only(path), poolclass=StaticPool, hide_parameters=True
        )
        try:
            with _readable(path), engine.connect() as connection:
                if not is_newest(connection, path.name):
                    raise MoveError(
                        f"{path} is of an older version. Start the sidecar once, which brings it up; stop it, and move."
                    )
                yield Source(path, connection)
        finally:
            engine.dispose()
    finally:
        marker.leave()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise MoveError(f"{path} cannot be read: {unavailable_reason(error) or error.orig}.") from None


def _require_sound(path: Path, marker: RunMarker) -> None:
    if marker.last_stop is LastStop.DAMAGED or (marker.last_stop is LastStop.UNCLEAN and not QuickCheck(path).run()):
        raise MoveError(f"{path} is damaged. Restore a backup, or have the sidecar begin a new one; then move.")


def _state(path: Path) -> str:
    """What tells whether the file was written to since."""
    parts = (path, path.with_name(f"{path.name}-wal"))
    found = [part.stat() for part in parts if part.exists()]
    return " ".join(f"{each.st_size}/{each.st_mtime_ns}" for each in found if each.st_size)


def _moved(table: Table) -> ColumnElement[bool]:
    return ~_STAYS if table is META else true()
