"""What differs between the databases, as `Database` uses it: an SQLite file, or a PostgreSQL server."""

from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class Backend(Protocol):
    """An opened database: one writer, readers beside it, and what is the database's own."""

    server_id: str
    writer: AsyncEngine
    """One connection."""

    readers: AsyncEngine
    reader_s: float | None
    """How long a reader may take to be there, whose server may not answer; None: the file's own bounds suffice."""

    let_end_s: float | None
    """How long whoever is cancelled waits for the end of a statement that was begun; None: however long it takes."""

    @property
    def fault(self) -> str | None:
        """What a person should know of it even while it works."""

    def unavailable(self, error: BaseException) -> str | None:
        """Why the database cannot be used now, None for an error that is the caller's."""

    async def changes(self, connection: AsyncConnection) -> int:
        """A number that grows with what a transaction changes."""

    async def note_deletion(self, connection: AsyncConnection) -> None:
        """Within the transaction that deletes: note that something is left to erase."""

    async def erase_remnants(self) -> None:
        """Once that is committed: erase what is left of it. Raises UnavailableError when that has to wait."""

    async def close(self) -> None:
        """Close it in good order; nobody uses it any more."""
