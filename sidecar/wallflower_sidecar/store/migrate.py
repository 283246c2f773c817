"""Brings a database file to the newest schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ..domain.errors import WallflowerError
from .sqlite import migrating_engine


class NewerSchemaError(WallflowerError):
    """A newer Wallflower wrote this database; it is left as it is."""


def migrate(path: Path) -> None:
    """Run what migrations are missing in one transaction; blocks, so call it in a thread.

    Raises NewerSchemaError, sqlalchemy.exc.DBAPIError (the file is damaged or cannot be written), OSError.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    engine = migrating_engine(path)
    try:
        with engine.begin() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
            if found == script.get_current_head():
                return
            if found is not None and found not in {each.revision for each in script.walk_revisions()}:
                raise NewerSchemaError(
                    f"A newer Wallflower wrote the database {path.name}. Update Wallflower, or move the file away."
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
