"""What PostgreSQL does about deleted rows: they are vacuumed after each deletion, whatever came in between."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import logging

import asyncpg
import pytest

from tests.support.postgres import Cluster
from tests.support.waiting import eventually
from tests.unit.store.heard import Clock, at, delete, find, hit, keep, segment
from wallflower_sidecar.store import Database, PostgresPlace

pytestmark = pytest.mark.faults

TABLES = {"segments", "segments_fts", "hits", "events"}


@pytest.fixture
async def database(postgres_place: PostgresPlace) -> AsyncGenerator[Database]:
    """Three sentences, and no vacuum but ours."""
    database = await Database.open(postgres_place, clock=Clock())
    async with database.write() as connection:
        for table in TABLES:
            await connection.exec_driver_sql(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
    heard = [segment(f"secret {number}", at_s=60 * number) for number in range(3)]
    await keep(database, *heard, hits=[hit(each) for each in heard])
    yield database
    await database.close()


async def dead(postgres: Cluster, place: PostgresPlace) -> dict[str, int]:
    """The dead rows of each table, as the server knows them."""
    sql = "SELECT relname, n_dead_tup FROM pg_stat_user_tables WHERE relname = ANY($1)"
    return {row["relname"]: row["n_dead_tup"] for row in await postgres.ask(sql, sorted(TABLES), url=place.url)}


async def are_clean(postgres: Cluster, place: PostgresPlace, vacuumed: int) -> bool:
    sql = "SELECT relname, vacuum_count FROM pg_stat_user_tables WHERE relname = ANY($1)"
    counts = {row["relname"]: row["vacuum_count"] for row in await postgres.ask(sql, sorted(TABLES), url=place.url)}
    assert set(counts) == TABLES
    assert min(counts.values()) >= vacuumed, counts
    found = await dead(postgres, place)
    assert not any(found.values()), found
    return True


@asynccontextmanager
async def held(place: PostgresPlace, table: str) -> AsyncGenerator[None]:
    """A table that may be read and written, but not vacuumed."""
    connection = await asyncpg.connect(place.url)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def vacuum_waits(postgres: Cluster) -> bool:
    sql = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE '%vacuum' AND wait_event_type = 'Lock'"
    return bool(await postgres.ask(sql))


async def test_deleted_rows_are_vacuumed(database: Database, postgres: Cluster, postgres_place: PostgresPlace) -> None:
    assert await delete(database, start=at(60)) == 2
    await eventually(lambda: are_clean(postgres, postgres_place, 1), timeout_s=20)
    assert await find(database) == ["secret 0"]


async def test_what_is_deleted_while_it_vacuums_is_vacuumed_too(
    database: Database, postgres: Cluster, postgres_place: PostgresPlace
) -> None:
    async with held(postgres_place, "events"):
        await delete(database, start=at(120))
        await eventually(lambda: vacuum_waits(postgres), timeout_s=20)
        await delete(database, start=at(60))
    await eventually(lambda: are_clean(postgres, postgres_place, 2), timeout_s=20)


async def test_a_vacuum_that_is_broken_off_costs_no_deletion_and_is_made_up_for(
    database: Database, postgres: Cluster, postgres_place: PostgresPlace, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with held(postgres_place, "segments"):
            await delete(database, start=at(120))
            await eventually(lambda: vacuum_waits(postgres), timeout_s=20)
            sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%vacuum'"
            await postgres.ask(sql)
            await eventually(lambda: "could not be vacuumed" in caplog.text, timeout_s=20)
    assert "secret" not in caplog.text
    assert await find(database, q="secret 2") == []
    await delete(database, start=at(60))
    await eventually(lambda: are_clean(postgres, postgres_place, 1), timeout_s=20)
