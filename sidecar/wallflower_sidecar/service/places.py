"""Where what is kept lies, as the settings say."""

from pathlib import Path

from ..settings import Settings
from ..store import PostgresPlace


def database_place(settings: Settings) -> Path | PostgresPlace:
    """The database: a file, or a server."""
    if (url := settings.postgres_url) is not None:
        return PostgresPlace(url.get_secret_value(), settings.data_dir)
    return settings.sqlite_path
