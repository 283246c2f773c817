"""An open database in a folder of its own."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from wallflower_sidecar.store import Database, PostgresPlace

from .heard import Clock
from .move_house import House, fill


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "wallflower.db"


@pytest.fixture
async def database(place: Path | PostgresPlace, clock: Clock) -> AsyncGenerator[Database]:
    database = await Database.open(place, clock=clock)
    yield database
    await database.close()


@pytest.fixture
async def file_database(path: Path, clock: Clock) -> AsyncGenerator[Database]:
    database = await Database.open(path, clock=clock)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def full_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with something in every table, to be copied."""
    path = tmp_path_factory.mktemp("full") / "wallflower.db"

    async def make() -> None:
        database = await Database.open(path, clock=Clock())
        await fill(database)
        await database.close()

    asyncio.run(make())
    return path


@pytest.fixture
def house(full_file: Path, path: Path, postgres_place: PostgresPlace) -> House:
    """A data folder with such a database, and an empty server to move it to."""
    path.parent.mkdir()
    path.write_bytes(full_file.read_bytes())
    return House(path, postgres_place)


@pytest.fixture
async def server(house: House) -> AsyncGenerator[Database]:
    """That server, after the move."""
    await house.move()
    database = await house.server(as_sidecar=True)
    yield database
    await database.close()
