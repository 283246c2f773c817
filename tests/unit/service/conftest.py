"""A service whose parts are built and wired, with a real database; the tests run the parts they need."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.unit.store.heard import Clock
from wallflower_sidecar.service import Service
from wallflower_sidecar.service.places import database_place
from wallflower_sidecar.settings import Settings, load_settings
from wallflower_sidecar.store import Database, PostgresPlace

ON_BOTH = pytest.mark.parametrize("place", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | PostgresPlace:
    """An empty database: a file, or with ON_BOTH one of each kind."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return tmp_path / "wallflower.db"
    return request.getfixturevalue("postgres_place")


@pytest.fixture
def settings(place: Path | PostgresPlace, tmp_path: Path) -> Settings:
    """Settings with that database."""
    env = {"WALLFLOWER_DATA_DIR": str(tmp_path), "WALLFLOWER_MAX_STREAMS": "3"}
    if isinstance(place, PostgresPlace):
        env["WALLFLOWER_DATABASE_URL"] = place.url
    return load_settings(env).settings


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(settings: Settings, clock: Clock) -> AsyncGenerator[Database]:
    database = await Database.open(database_place(settings), clock=clock)
    yield database
    await database.close()


@pytest.fixture
def service(settings: Settings, database: Database, clock: Clock) -> Service:
    return Service(settings, database, clock)
