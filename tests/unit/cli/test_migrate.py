"""`wallflower migrate --to URL`: what a person reads."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.support.postgres import Cluster
from tests.unit.store.heard import Clock
from tests.unit.store.move_house import fill
from wallflower_sidecar.store import Database

from .conftest import Run

HOLLOW = "postgresql://wallflower:s3cr3t-word@127.0.0.1:1/wallflower"
HOLLOW_PORT = "postgresql://u:s3cr3t-word@127.0.0.1:99999/d"


@pytest.fixture
def url(postgres: Cluster) -> str:
    return asyncio.run(postgres.new_database())


@pytest.fixture
def path(data_dir: Path) -> Path:
    """A database with something in every table."""

    async def make() -> None:
        database = await Database.open(data_dir / "wallflower.db", clock=Clock())
        await fill(database)
        await database.close()

    asyncio.run(make())
    return data_dir / "wallflower.db"


def test_it_says_what_was_moved_and_what_to_do_now(run: Run, path: Path, url: str) -> None:
    result = run("migrate", "--to", url)
    assert result.exit_code == 0, result.output
    moved, now, kept = result.stdout.splitlines()
    assert "1 cameras, 1018 sentences, 2 hits, 3 events, 1 recordings, 1 tokens" in moved
    assert "set WALLFLOWER_DATABASE_URL to that URL" in now
    assert str(path) in kept
    assert run("search", "surrogate", database_url=url).stdout.endswith("surrogate 😀\n")
    again = run("migrate", "--to", url)
    assert again.exit_code == 1
    assert "holds a server with this one's id already" in again.stderr


@pytest.mark.usefixtures("path")
def test_for_programs(run: Run, url: str) -> None:
    document = json.loads(run("migrate", "--json", "--to", url).stdout)
    assert (document["resumed"], document["counts"]["segments"], document["counts"]["streams"]) == (False, 1018, 1)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(
    ("arguments", "environ", "exit_code", "sentence"),
    [
        ([], {}, 2, "Missing option '--to'"),
        (["--to", "mysql://u:s3cr3t-word@h/d"], {}, 2, "must be postgresql://USER:PASSWORD@HOST/DATABASE"),
        (["--to", HOLLOW], {}, 1, "its server cannot be reached"),
        (["--to", HOLLOW_PORT], {}, 1, "--to cannot be understood"),
        (["--to", HOLLOW], {"database_url": HOLLOW}, 1, "names a PostgreSQL server already"),
    ],
)
def test_what_cannot_be_is_a_sentence_without_the_password(
    run: Run, arguments: list[str], environ: dict[str, str], exit_code: int, sentence: str
) -> None:
    for debug in ([], ["--debug"] * (exit_code == 1)):
        result = run("migrate", *arguments, *debug, **environ)
        assert result.exit_code == exit_code
        assert debug or sentence in result.stderr
        assert "s3cr3t" not in result.output + repr(result.exception)


def test_a_folder_where_nothing_was_heard(run: Run, data_dir: Path) -> None:
    result = run("migrate", "--to", HOLLOW)
    assert (result.exit_code, "There is no database in" in result.stderr) == (1, True)
    assert not data_dir.exists()
