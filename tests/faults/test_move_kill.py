"""`wallflower migrate` killed in the middle goes on when it is run again."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
import json
import os
from pathlib import Path

import asyncpg
import pytest

from tests.support.postgres import Cluster
from tests.support.sidecar import wallflower
from tests.support.waiting import eventually
from tests.unit.store.heard import Clock, segment
from tests.unit.store.move_house import House, fill, of_file, of_server
from wallflower_sidecar.store import Database, PostgresPlace, transcripts
from wallflower_sidecar.store.move import AT_ONCE

pytestmark = pytest.mark.faults

MORE = 4 * AT_ONCE


@pytest.fixture
async def house(postgres_place: PostgresPlace) -> House:
    path = postgres_place.folder / "wallflower.db"
    database = await Database.open(path, clock=Clock())
    await fill(database)
    async with database.write() as connection:
        more = [segment(f"and more {number}", at_s=20_000 + number) for number in range(MORE)]
        await transcripts.insert_segments(connection, more)
    await database.close()
    return House(path, postgres_place)


async def begin(house: House) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        wallflower(), "migrate", "--json", "--to", house.place.url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "WALLFLOWER_DATA_DIR": str(house.path.parent)},
    )  # fmt: skip


@asynccontextmanager
async def not_beyond_segments(house: House) -> AsyncGenerator[None]:
    """Nothing comes past the table of the sentences, however slow this test looks."""
    connection = await asyncpg.connect(house.place.url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE hits IN EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def test_killed_at_any_time(house: House, postgres: Cluster, tmp_path: Path) -> None:
    before = house.path.read_bytes()
    await (await house.server(folder=tmp_path / "other")).close()

    async def moved() -> int:
        return (await postgres.ask("SELECT count(*) FROM segments", url=house.place.url))[0]["count"]

    for at_least in (1, AT_ONCE + 1, 3 * AT_ONCE):
        async with not_beyond_segments(house):
            moving = await begin(house)
            try:
                await eventually(lambda enough=at_least: reached(moved, enough), timeout_s=60, interval_s=0.005)
            finally:
                moving.kill()
                await moving.communicate()
    last = await begin(house)
    printed, errors = await last.communicate()
    assert last.returncode == 0, errors.decode()
    assert json.loads(printed)["resumed"]
    assert json.loads(printed)["counts"]["segments"] == await moved()
    database = await house.server(as_sidecar=True)
    assert await of_server(database) == of_file(house.path)
    await database.close()
    assert house.path.read_bytes() == before


async def reached(count: Callable[[], Awaitable[int]], enough: int) -> bool:
    return await count() >= enough
