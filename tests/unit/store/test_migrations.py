"""The migrations and the tables in code are one schema."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from wallflower_sidecar.domain.transcripts import Source
from wallflower_sidecar.store import Database, keywords, migrate as migrating, recordings, streams
from wallflower_sidecar.store.migrate import migrate
from wallflower_sidecar.store.schema import METADATA, in_metadata
from wallflower_sidecar.store.sqlite import make_private_file, migrating_engine

from .heard import find


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


async def test_a_database_of_the_first_version_keeps_what_it_holds(path, clock):
    migrate_to(path, "0001")
    fill_first_version(path)

    database = await Database.open(path, clock=clock)
    try:
        assert await find(database) == ["help me"]
        async with database.write() as connection:
            assert [stream.id for stream in await streams.load_streams(connection)] == ["door"]
            assert await recordings.folders(connection) == []
            (hit,) = await keywords.early_hits(connection)
            assert (hit.phrase, hit.source) == ("help", Source.SPEECH)
            assert await keywords.load_house_rules(connection) == []
            await streams.delete_stream(connection, "door")
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


def fill_first_version(path):
    """As version 1 wrote it: none of the code that has moved on since."""
    document = (
        '{"id": "door", "name": "Door", "url": "rtsp://10.0.0.1/door", "transport": "auto", "enabled": true,'
        ' "transcribe": true, "language": null, "keywords": [], "store": "all", "retain_days": 7,'
        ' "recording": {"mode": "off", "retain_days": 3, "retain_bytes": null, "pre_s": 10, "post_s": 20}}'
    )
    engine = migrating_engine(path)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO streams VALUES ('door', :document)"), {"document": document})
        connection.execute(
            text(
                'INSERT INTO segments (id, stream, start, "end", text, confidence, words, source)'
                " VALUES ('01a20220-ed8d-7e62-820e-0d49182abcd0', 'door', 1, 2, 'help me', 0.9, '[]', 'speech')"
            )
        )
        connection.execute(
            text(
                'INSERT INTO hits (id, stream, rule_id, rule_name, phrase, text, start, "end", confidence, state)'
                " VALUES ('01a20220-ed8d-7e62-820e-0d49182abcd1', 'door', 'sos', 'SOS', 'help', 'help',"
                " 1, 2, 0.9, 'early')"
            )
        )
    engine.dispose()
