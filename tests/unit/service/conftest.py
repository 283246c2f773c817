"""A service whose parts are built and wired, with a real database; the tests run the parts they need."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.unit.store.heard import Clock
from wallflower_sidecar.service import Service
from wallflower_sidecar.settings import Settings, load_settings
from wallflower_sidecar.store import Database


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"WALLFLOWER_DATA_DIR": str(tmp_path), "WALLFLOWER_MAX_STREAMS": "3"}).settings


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(settings: Settings, clock: Clock) -> AsyncGenerator[Database]:
    database = await Database.open(settings.sqlite_path, clock=clock)
    yield database
    await database.close()


@pytest.fixture
def service(settings: Settings, database: Database, clock: Clock) -> Service:
    return Service(settings, database, clock)
