"""The data folder's database, used by commands whether the server runs or not."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from ..service.archive import Archive
    from ..settings import Settings
    from ..store import Database


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncGenerator[Database]:
    """Open it, made first where there is none; raises DatabaseUnusableError."""
    from ..domain.clock import SystemClock
    from ..service.places import database_place
    from ..store import Database

    database = await Database.open(database_place(settings), clock=SystemClock())
    try:
        yield database
    finally:
        await database.close()


def require_file(settings: Settings) -> None:
    """Refuse what only a file can have done to it."""
    if settings.postgres_url is not None:
        raise click.ClickException(
            "DATABASE_URL names a PostgreSQL server: its own pg_dump and pg_restore copy it, while the sidecar runs."
        )


def require_database(settings: Settings) -> Path:
    """Return the file that the database is; a folder where nothing was ever heard is most likely the wrong one."""
    require_file(settings)
    if not settings.sqlite_path.is_file():
        raise click.ClickException(
            f"There is no database in {settings.data_dir}. Run `wallflower serve` first, or set WALLFLOWER_DATA_DIR."
        )
    return settings.sqlite_path


@asynccontextmanager
async def open_archive(settings: Settings) -> AsyncGenerator[Archive]:
    """Open what was said so far."""
    from ..service.archive import Archive

    if settings.postgres_url is None:
        require_database(settings)
    async with open_database(settings) as database:
        yield Archive(database)
