"""The migrations and the tables in code are one schema."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from wallflower_sidecar.store.migrate import migrate
from wallflower_sidecar.store.schema import METADATA, in_metadata
from wallflower_sidecar.store.sqlite import make_private_file, migrating_engine


def test_the_migrated_schema_is_the_one_in_code(path):
    make_private_file(path)
    migrate(path)
    engine = migrating_engine(path)
    with engine.begin() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda _object, name, kind, _reflected, _other: kind != "table" or in_metadata(name),
            },
        )
        assert compare_metadata(context, METADATA) == []
        for table in METADATA.tables.values():
            found = inspect(connection).get_pk_constraint(table.name)["constrained_columns"]
            assert found == [column.name for column in table.primary_key]


def test_ids_that_must_not_come_again_are_autoincrement(path):
    make_private_file(path)
    migrate(path)
    engine = migrating_engine(path)
    with engine.begin() as connection:
        for table in ("events", "segments", "stream_errors"):
            query = text("SELECT sql FROM sqlite_master WHERE name = :name")
            assert "AUTOINCREMENT" in connection.execute(query, {"name": table}).scalar_one()


def test_migrating_again_changes_nothing(path):
    make_private_file(path)
    migrate(path)
    before = path.read_bytes()
    migrate(path)
    assert path.read_bytes() == before
