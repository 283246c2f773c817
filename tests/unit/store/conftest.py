"""An open database in a folder of its own."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from wallflower_sidecar.store import Database, PostgresPlace

from .heard import Clock


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
