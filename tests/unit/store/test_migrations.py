"""The migrations and the tables in code are one schema."""

from pathlib import Path
import sqlite3

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
import pytest
from sqlalchemy import inspect, select, text

from wallflower_sidecar.domain.transcripts import Source
from wallflower_sidecar.store import Database, events, keywords, migrate as migrating, streams
from wallflower_sidecar.store.migrate import migrate
from wallflower_sidecar.store.schema import HITS, METADATA, in_metadata
from wallflower_sidecar.store.sqlite import make_private_file, migrating_engine

from .heard import copies, delete, find, keep, segment
from .old_rows import NEWEST_EVENT, OLD_ROWS


def test_the_migrated_file_is_the_schema_in_code(path):
    make_private_file(path)
    migrate(path)
    engine = migrating_engine(path)
    with engine.begin() as connection:
        assert differences(connection) == []
    engine.dispose()


async def test_the_migrated_server_is_the_schema_in_code(postgres_place, clock):
    database = await Database.open(postgres_place, clock=clock)
    async with database.write() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


def differences(connection):
    """What Alembic would change, and keys that differ, which it does not see."""
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "include_object": lambda _object, name, kind, _reflected, _other: kind != "table" or in_metadata(name),
        },
    )
    found = compare_metadata(context, METADATA)
    for table in METADATA.tables.values():
        key = inspect(connection).get_pk_constraint(table.name)["constrained_columns"]
        if key != [column.name for column in table.primary_key]:
            found.append((table.name, key))
    return found


def test_ids_that_must_not_come_again_are_autoincrement(path):
    make_private_file(path)
    migrate(path)
    engine = migrating_engine(path)
    with engine.begin() as connection:
        for table in ("segments", "stream_errors"):
            query = text("SELECT sql FROM sqlite_master WHERE name = :name")
            assert "AUTOINCREMENT" in connection.execute(query, {"name": table}).scalar_one()


def test_migrating_again_changes_nothing(path):
    make_private_file(path)
    migrate(path)
    before = path.read_bytes()
    migrate(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004"])
async def test_a_database_of_an_older_version_keeps_what_it_holds(path, clock, revision):
    migrate_to(path, revision)
    fill(path, revision)
    before = rows(path)
    assert all(before.values()), "something is in each table"
    database = await Database.open(path, clock=clock)
    try:
        assert {name: kept for name, kept in rows(path, like=before).items() if kept != before[name]} == {}
        assert await find(database, q="help") == ["help me"]
        assert await find(database, q="IŞIKLARI") == ["ışıkları kapat"]
        async with database.write() as connection:
            assert [stream.id for stream in await streams.load_streams(connection)] == ["door"]
            (early,) = await keywords.early_hits(connection)
            assert (early.phrase, early.source) == ("now", Source.SPEECH)
            assert len(await keywords.load_house_rules(connection)) == (revision >= "0003")
            assert [error.code for error in await streams.list_errors(connection, "door")] == ["stalled"]
            assert (await connection.execute(text("PRAGMA foreign_key_check"))).all() == []
            (event,) = await events.append(connection, copies(segment("next")))
            assert event.id == NEWEST_EVENT + 1
            await streams.delete_stream(connection, "door")
            assert await streams.list_errors(connection, "door") == []
        assert await delete(database, stream="door") == 2
        assert await find(database, q="help") == []
        assert await find(database, q="IŞIKLARI") == []
        async with database.read() as connection:
            assert (await connection.execute(text("PRAGMA quick_check"))).scalars().all() == ["ok"]
            left = text("SELECT count(*) FROM segments_fts WHERE segments_fts MATCH 'isiklari OR ısıkları OR help'")
            assert (await connection.execute(left)).scalar_one() == 0
        async with database.read() as connection:
            assert (await connection.execute(select(HITS.c.id))).all() == []
    finally:
        await database.close()


async def test_a_server_of_an_older_version_finds_what_it_holds(postgres_place, clock):
    database = await Database.open(postgres_place, clock=clock)
    await keep(database, segment("ışıkları kapat, isik"), segment("help me", at_s=5))
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0004'"))
        older = "'ısıkları':1 'kapat':2 'isik':3"
        await connection.execute(
            text("UPDATE segments_fts SET words = CAST(:older AS tsvector) WHERE seq = 1"), {"older": older}
        )
    assert await find(database, q="isiklari") == []
    await database.close()
    database = await Database.open(postgres_place, clock=clock)
    try:
        for q in ("isiklari", "IŞIKLARI kapat", '"kapat isik"'):
            assert await find(database, q=q) == ["ışıkları kapat, isik"]
        assert await find(database, q="help") == ["help me"]
    finally:
        await database.close()


def migrate_to(path, revision):
    make_private_file(path)
    config = Config()
    config.set_main_option("script_location", str(Path(migrating.__file__).with_name("migrations")))
    engine = migrating_engine(path)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def fill(path, revision):
    """As that version wrote it: none of the code that has moved on since."""
    connection = sqlite3.connect(path)
    with connection:
        for since, script in OLD_ROWS.items():
            if since <= revision:
                connection.executescript(script)
    connection.close()


def rows(path, like=None):
    """The rows of all tables; like others: of those tables and columns alone, without the id that a start gives."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        tables = like or {
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            if not name.startswith(("segments_fts", "sqlite_", "alembic_"))
        }
        found = {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in tables}
    finally:
        connection.close()
    if like is not None:
        found["meta"] = [row for row in found["meta"] if row["key"] != "server_id"]
        found = {name: [{column: row[column] for column in like[name][0]} for row in found[name]] for name in like}
    return {name: sorted(kept, key=repr) for name, kept in found.items()}
