"""A damaged database is set aside, never deleted, and the service comes up."""

import os
from pathlib import Path
import sqlite3
import threading

import pytest
from sqlalchemy import text

from tests.support.waiting import eventually
from tests.unit.store.heard import Clock, copies, find, keep, segment, stream
from wallflower_sidecar.domain.access import Role, TokenInfo
from wallflower_sidecar.domain.errors import UnavailableError
from wallflower_sidecar.domain.health import HealthStatus
from wallflower_sidecar.domain.transcripts import new_id
from wallflower_sidecar.store import Database, accounts, events, streams
from wallflower_sidecar.store.integrity import QuickCheck, set_aside

pytestmark = pytest.mark.faults


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "wallflower.db"


async def open_(path, **options):
    return await Database.open(path, clock=Clock(), **options)


async def a_household(path) -> str:
    """A database in use: a camera, a token, some text; returns the server's id."""
    database = await open_(path)
    async with database.write() as connection:
        await streams.save_stream(connection, stream("door"))
        token = TokenInfo(new_id(), "Home Assistant", Role.CLIENT, Clock().now(), None)
        await accounts.add_token(connection, token, "hash")
    await keep(database, *(segment(f"sentence {number}", at_s=number) for number in range(300)))
    await database.close()
    return database.server_id


def stopped_uncleanly(path) -> None:
    path.with_name(f"{path.name}.running").write_text("unclean")


def damage(path, table: str) -> None:
    """Overwrite a page of a table in the middle of the file."""
    connection = sqlite3.connect(path)
    query = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY pageno DESC LIMIT 1"
    (page,) = connection.execute(query, (table,)).fetchone()
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(os.urandom(4096))


def aside(path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir() if "damaged" in file.name)


@pytest.mark.parametrize("rubbish", [b"rubbish" * 1000, b"SQLite format 3\0" + b"\xff" * 5000], ids=["text", "header"])
async def test_a_file_that_is_no_database(path, rubbish):
    path.parent.mkdir()
    path.write_bytes(rubbish)
    database = await open_(path)
    assert aside(path) == ["wallflower.damaged-20261122T072042.db"]
    assert path.with_name(aside(path)[0]).read_bytes() == rubbish
    await keep(database, segment("hello"))
    assert await find(database) == ["hello"]
    check = database.check()
    assert check.status is HealthStatus.DEGRADED
    assert aside(path)[0] in check.detail
    await database.close()

    again = await open_(path)
    assert again.check().status is HealthStatus.OK
    assert await find(again) == ["hello"]
    await again.close()


def test_the_log_is_set_aside_with_its_database(path):
    path.parent.mkdir()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).write_text(suffix)
    kept = set_aside(path, "damaged", Clock().now())
    assert not path.exists()
    assert {name: path.with_name(name).read_text() for name in aside(path)} == {
        kept.name + suffix: suffix for suffix in ("", "-wal", "-shm")
    }


async def test_two_in_the_same_second_are_both_kept(path):
    path.parent.mkdir()
    for rubbish in (b"first" * 1000, b"second" * 1000):
        path.write_bytes(rubbish)
        await (await open_(path)).close()
    assert len([name for name in aside(path) if name.endswith(".db")]) == 2


async def test_damage_after_an_unclean_stop_is_found_and_the_household_goes_on(path):
    server_id = await a_household(path)
    damage(path, "segments")
    stopped_uncleanly(path)
    database = await open_(path, check_in_front_s=30)
    assert len(aside(path)) >= 1
    assert database.server_id == server_id
    assert await find(database) == []
    assert "carried over" in database.check().detail
    async with database.write() as connection:
        assert [each.id for each in await streams.load_streams(connection)] == ["door"]
        assert await accounts.find_token(connection, "hash")
        (event,) = await events.append(connection, [copies(segment("hello"))[0]])
        assert event.id is not None
        assert event.id > 1_000_000, "no number is given twice"
    await database.close()


async def test_a_long_check_goes_on_in_the_background_and_the_next_start_sets_aside(path, monkeypatch):
    run, opened = QuickCheck.run, threading.Event()
    monkeypatch.setattr(QuickCheck, "run", lambda check: opened.wait(10) and run(check))
    await a_household(path)
    damage(path, "segments")
    stopped_uncleanly(path)
    database = await open_(path, check_in_front_s=0.01)
    assert database.check().status is HealthStatus.OK
    opened.set()
    await eventually(lambda: database.check().status is HealthStatus.DEGRADED)
    assert aside(path) == []
    await database.close()
    again = await open_(path)
    assert len(aside(path)) >= 1
    async with again.read() as connection:
        assert await streams.load_streams(connection) == [stream("door")]
    await again.close()


async def test_a_sound_file_passes_the_check_after_an_unclean_stop(path):
    await a_household(path)
    stopped_uncleanly(path)
    database = await open_(path, check_in_front_s=30)
    assert database.check().status is HealthStatus.OK
    assert len(await find(database)) == 300
    await database.close()
    assert aside(path) == []


async def test_a_check_that_is_stopped_by_closing_is_done_again(path):
    await a_household(path)
    stopped_uncleanly(path)
    database = await open_(path, check_in_front_s=0)
    await database.close()
    marker = path.with_name("wallflower.db.running").read_text()
    assert marker in {"", "unclean"}


async def test_damage_that_shows_while_running_is_a_sentence_and_is_checked_at_the_next_start(path):
    await a_household(path)
    damage(path, "segments")
    database = await open_(path)
    with pytest.raises(UnavailableError, match="damaged"):
        await find(database)
    assert database.check().status is HealthStatus.DEGRADED
    await database.close()
    again = await open_(path, check_in_front_s=30)
    assert len(aside(path)) >= 1
    await again.close()


async def test_a_full_disk_is_a_sentence_and_passes_with_the_cause(path):
    database = await open_(path)
    async with database.write() as connection:
        pages = (await connection.execute(text("PRAGMA page_count"))).scalar()
        await connection.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
    with pytest.raises(UnavailableError, match="full"):
        await keep(database, *(segment(f"sentence {number} " * 100) for number in range(100)))
    kept = await find(database)
    assert database.check().status is HealthStatus.DEGRADED
    async with database.write() as connection:
        await connection.execute(text("PRAGMA max_page_count = 100000"))
    await keep(database, segment("after that"))
    assert database.check().status is HealthStatus.OK
    assert sorted(await find(database)) == sorted([*kept, "after that"])
    await database.close()
