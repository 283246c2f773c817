"""Brings a database to the newest schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from .errors import NewerSchemaError
from .sqlite import migrating_engine


def migrate(path: Path) -> None:
    """Bring a file up; blocks, so call it in a thread.

    Raises NewerSchemaError, sqlalchemy.exc.DBAPIError (the file is damaged or cannot be written), OSError.
    """
    engine = migrating_engine(path)
    try:
        with engine.begin() as connection:
            bring_up(connection, path.name)
    finally:
        engine.dispose()


def bring_up(connection: Connection, name: str) -> None:
    """Run what migrations are missing within the connection's transaction; raises NewerSchemaError."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    found = MigrationContext.configure(connection).get_current_revision()
    if found == script.get_current_head():
        return
    if found is not None and found not in {each.revision for each in script.walk_revisions()}:
        raise NewerSchemaError(
            f"A newer Wallflower wrote the database {name}. Update Wallflower, or give it another database."
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
