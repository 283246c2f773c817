"""Brings a database to the newest schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from .errors import NewerSchemaError
from .sqlite import migrating_engine


def migrate(path: Path, *, name: str | None = None) -> None:
    """Bring a file up, called by its own name unless another is given; blocks, so call it in a thread.

    Raises NewerSchemaError, sqlalchemy.exc.DBAPIError (the file is damaged or cannot be written), OSError.
    """
    engine = migrating_engine(path)
    try:
        with engine.begin() as connection:
            bring_up(connection, name or path.name)
    finally:
        engine.dispose()


def bring_up(connection: Connection, name: str) -> None:
    """Run what migrations are missing within the connection's transaction; raises NewerSchemaError."""
    if not is_newest(connection, name):
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_newest(connection: Connection, name: str) -> bool:
    """Whether no migration is missing; raises NewerSchemaError."""
    script = ScriptDirectory.from_config(_config())
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in {each.revision for each in script.walk_revisions()}:
        raise NewerSchemaError(
            f"A newer Wallflower wrote the database {name}. Update Wallflower, or give it another database."
        )
    return found == script.get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config
