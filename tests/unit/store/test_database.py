"""Opening, writing, reading, closing."""

import asyncio
import logging
import sqlite3
import stat
from unittest.mock import Mock

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from wallflower_sidecar.domain.health import HealthStatus
from wallflower_sidecar.store import Database, DatabaseUnusableError, NewerSchemaError
from wallflower_sidecar.store.schema import META

from .heard import delete, find, keep, segment


async def test_folder_and_files_are_private(file_database, path):
    await keep(file_database, segment("hello"))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert {"wallflower.db", "wallflower.db-wal"} <= set(modes)
    assert set(modes.values()) == {0o600}


async def test_settings_that_keep_promises(file_database):
    expected = {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "secure_delete": 1, "temp_store": 2}
    for opened in (file_database.write, file_database.read):
        async with opened() as connection:
            for pragma, value in expected.items():
                assert (await connection.execute(text(f"PRAGMA {pragma}"))).scalar() == value


async def test_a_search_on_a_server_is_planned_for_its_words(postgres_place, clock):
    database = await Database.open(postgres_place, clock=clock)
    async with database.read() as connection:
        assert (await connection.execute(text("SHOW plan_cache_mode"))).scalar() == "force_custom_plan"
    await database.close()


async def test_the_server_id_stays(place, clock):
    first = await Database.open(place, clock=clock)
    await first.close()
    second = await Database.open(place, clock=clock)
    await second.close()
    assert first.server_id == second.server_id != ""


async def test_a_reader_cannot_write(database):
    async with database.read() as connection:
        with pytest.raises(DBAPIError, match=r"read-?only"):
            await connection.execute(insert(META).values(key="a", value="b"))


async def test_an_exception_rolls_back_and_leaves_the_writer_usable(database):
    told = Mock()

    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(insert(META).values(key="a", value="b"))
            database.after_commit(told)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.write() as connection:
        assert (await connection.execute(select(META).where(META.c.key == "a"))).first() is None
    told.assert_not_called()


async def test_writers_take_turns_and_tell_in_the_order_of_their_commits(database):
    told: list[int] = []

    async def write(number: int) -> None:
        async with database.write() as connection:
            count = (await connection.execute(select(func.count()).select_from(META))).scalar_one()
            await connection.execute(insert(META).values(key=f"{number:03}", value=f"{count:03}{number:03}"))
            database.after_commit(lambda: told.append(number))

    await asyncio.gather(*(write(number) for number in range(20)))
    async with database.read() as connection:
        rows = (await connection.execute(select(META.c.value).where(META.c.key.like("0%")))).scalars()
        assert told == [int(value[3:]) for value in sorted(rows)]


async def test_a_cancelled_write_leaves_nothing_and_blocks_nobody(database):
    begun = asyncio.Event()

    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(insert(META).values(key="a", value="b"))
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5), database.write() as connection:
        assert (await connection.execute(select(META).where(META.c.key == "a"))).first() is None


async def test_readers_see_one_state_while_others_write(database):
    async with database.read() as connection:
        before = (await connection.execute(text("SELECT count(*) FROM segments"))).scalar()
        await keep(database, segment("hello"))
        assert (await connection.execute(text("SELECT count(*) FROM segments"))).scalar() == before == 0
    assert await find(database) == ["hello"]


async def test_errors_and_logs_never_hold_what_was_said(database, caplog):
    heard = segment("a secret sentence")
    with caplog.at_level(logging.DEBUG), pytest.raises(IntegrityError) as caught:
        await keep(database, heard, heard)
    assert "secret" not in str(caught.value)
    assert "secret" not in caplog.text


async def test_two_programs_may_have_it_open(database, place, clock):
    other = await Database.open(place, clock=clock)
    await keep(other, segment("from the command line"))
    await other.close()
    assert other.check().status is HealthStatus.OK
    assert await find(database) == ["from the command line"]


async def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path, clock):
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnusableError, match="cannot be written"):
        await Database.open(tmp_path / "file" / "wallflower.db", clock=clock)


async def test_a_server_of_a_newer_version_is_refused(postgres_place, clock):
    database = await Database.open(postgres_place, clock=clock)
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await database.close()
    with pytest.raises(NewerSchemaError, match="newer Wallflower"):
        await Database.open(postgres_place, clock=clock)


async def test_a_file_of_a_newer_version_is_refused_and_left_alone(path, clock):
    database = await Database.open(path, clock=clock)
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await database.close()
    before = path.read_bytes()
    with pytest.raises(NewerSchemaError, match="newer Wallflower"):
        await Database.open(path, clock=clock)
    assert path.read_bytes() == before
    assert sorted(file.name for file in path.parent.iterdir()) == ["wallflower.db", "wallflower.db.running"]


async def test_another_programs_database_is_refused_and_left_alone(path, clock):
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE streams (x)")
    connection.close()
    with pytest.raises(DatabaseUnusableError, match="streams"):
        await Database.open(path, clock=clock)
    assert not list(path.parent.glob("*damaged*"))


async def test_a_closed_database_is_one_file_and_a_clean_marker(path, clock):
    database = await Database.open(path, clock=clock)
    await keep(database, segment("hello"))
    await database.close()
    sizes = {file.name: file.stat().st_size for file in path.parent.iterdir()}
    assert set(sizes) == {"wallflower.db", "wallflower.db.running"}
    assert sizes["wallflower.db.running"] == 0


SLOW = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) FROM n, segments"
)


async def test_a_reader_cancelled_within_a_statement_holds_nothing(database):
    await keep(database, segment("one"))

    async def read() -> None:
        async with database.read() as connection:
            await connection.execute(text(SLOW))

    readers = [asyncio.create_task(read()) for _ in range(4)]
    await asyncio.sleep(0.05)
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    async with asyncio.timeout(5):
        assert await delete(database, stream="door") == 1
        assert await find(database) == []


async def test_a_write_cancelled_within_a_statement_leaves_nothing_and_blocks_nobody(database):
    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(insert(META).values(key="a", value="b").returning(META.c.key))
            await connection.execute(text(SLOW))

    for delay_s in (0.0, 0.001, 0.003, 0.01, 0.03):
        task = asyncio.create_task(write())
        await asyncio.sleep(delay_s)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5), database.write() as connection:
            assert (await connection.execute(select(META).where(META.c.key == "a"))).first() is None
