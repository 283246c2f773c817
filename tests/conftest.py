"""The databases that tests of the store run on: an SQLite file, and a PostgreSQL server where one is installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import Cluster, cluster
from wallflower_sidecar.store import PostgresPlace


@pytest.fixture(scope="session")
def shared_cluster() -> Iterator[Cluster | None]:
    with cluster() as running:
        yield running


@pytest.fixture
def postgres(shared_cluster: Cluster | None) -> Cluster:
    """A server for all tests; whoever stops it starts it again."""
    if shared_cluster is None:
        pytest.skip("PostgreSQL's server is not installed; script/setup --postgresql does it where apt may")
    return shared_cluster


@pytest.fixture
async def postgres_place(postgres: Cluster, tmp_path: Path) -> PostgresPlace:
    """An empty database."""
    return PostgresPlace(await postgres.new_database(), tmp_path / "data")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | PostgresPlace:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return tmp_path / "data" / "wallflower.db"
    return request.getfixturevalue("postgres_place")
