"""A backup made while the database is written, put back, and everything that may be wrong with either."""

import asyncio
from datetime import UTC, datetime
import os
from pathlib import Path
import sqlite3
import stat
import sys

import pytest

from tests.support.mounts import disk
from tests.unit.store.heard import MORNING, Clock, copies, find, keep, segment, stream
from wallflower_sidecar.store import Database, events
from wallflower_sidecar.store.backup import BackupError, back_up, look_into, restore
from wallflower_sidecar.store.integrity import LastStop, RunMarker
from wallflower_sidecar.store.migrate import NewerSchemaError
from wallflower_sidecar.store.streams import save_stream

pytestmark = pytest.mark.faults

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def told(_part: float) -> None:
    return


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "wallflower.db"


async def fill(path: Path, *texts: str) -> None:
    database = await Database.open(path, clock=Clock())
    async with database.write() as connection:
        await save_stream(connection, stream("door"))
    await keep(database, *[segment(text, at_s=number) for number, text in enumerate(texts)])
    await database.close()


async def texts_of(path: Path) -> list[str]:
    database = await Database.open(path, clock=Clock())
    try:
        return await find(database)
    finally:
        await database.close()


async def test_a_copy_made_while_somebody_writes_is_whole_and_of_one_moment(path: Path, tmp_path: Path) -> None:
    await fill(path, *[f"before {number} {'x' * 3_000}" for number in range(2_000)])
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.store_writer", str(path), stdout=asyncio.subprocess.PIPE
    )
    progress: list[float] = []
    try:
        assert writer.stdout
        announced = [(await writer.stdout.readline()).split()[0].decode() for _ in range(5)]
        contents = await asyncio.to_thread(back_up, path, tmp_path / "copy.db", progress.append)
        written_on = await writer.stdout.readline()
    finally:
        writer.kill()
        await writer.communicate()
    assert written_on
    assert contents == look_into(tmp_path / "copy.db")
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        ids = {row[0] for row in copy.execute("SELECT id FROM segments")}
        ends = {row[0] for row in copy.execute("SELECT segment FROM events WHERE segment IS NOT NULL")}
        indexed = copy.execute("SELECT count(*) FROM segments_fts WHERE segments_fts MATCH 'before'").fetchone()[0]
    copy.close()
    assert set(announced) <= ids == ends
    assert indexed == 2_000
    assert progress == sorted(progress)
    assert progress[-1] == 1
    assert len(progress) > 1


async def test_only_the_owner_can_read_it_and_nothing_else_is_left(path: Path, tmp_path: Path) -> None:
    await fill(path, "one")
    folder = tmp_path / "copies"
    folder.mkdir()
    back_up(path, folder / "copy.db", told)
    assert [file.name for file in folder.iterdir()] == ["copy.db"]
    assert stat.S_IMODE((folder / "copy.db").stat().st_mode) == 0o600


async def test_a_file_that_is_there_is_left_alone(path: Path, tmp_path: Path) -> None:
    await fill(path, "one")
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(BackupError, match="is there already"):
        back_up(path, tmp_path / "copy.db", told)
    assert (tmp_path / "copy.db").read_text() == "precious"


async def test_what_is_put_back_is_what_was_copied_and_the_way_back_is_kept(path: Path, tmp_path: Path) -> None:
    await fill(path, "one", "two")
    back_up(path, tmp_path / "copy.db", told)
    await fill(path, "said after the copy")
    kept = restore(tmp_path / "copy.db", path, NOW)
    assert kept is not None
    assert await texts_of(path) == ["two", "one"]
    assert restore(kept, path, NOW) is not None
    assert "said after the copy" in await texts_of(path)
    assert not list(path.parent.glob("*.restoring*"))


async def test_no_event_id_is_given_again(path: Path, tmp_path: Path) -> None:
    await fill(path, "one")
    back_up(path, tmp_path / "copy.db", told)
    database = await Database.open(path, clock=Clock())
    heard = segment("after", at_s=9)
    async with database.write() as connection:
        given = [event.id for event in await events.append(connection, copies(heard) * 3)]
    await database.close()
    restore(tmp_path / "copy.db", path, NOW)
    database = await Database.open(path, clock=Clock())
    async with database.write() as connection:
        (event,) = await events.append(connection, copies(segment("later", at_s=20)))
    await database.close()
    assert event.id > max(number for number in given if number)
    assert event.id > MORNING.timestamp(), "ids given between the copy and a crash are not known"


async def test_a_damaged_database_is_replaced_and_kept(path: Path, tmp_path: Path) -> None:
    await fill(path, "one")
    back_up(path, tmp_path / "copy.db", told)
    path.write_bytes(b"rubbish" * 1_000)
    kept = restore(tmp_path / "copy.db", path, NOW)
    assert kept is not None
    assert kept.read_bytes().startswith(b"rubbish")
    assert await texts_of(path) == ["one"]


async def test_a_log_without_its_database_says_nothing_into_what_is_put_back(path: Path, tmp_path: Path) -> None:
    await fill(path, "one")
    back_up(path, tmp_path / "copy.db", told)
    log = path.with_name(f"{path.name}-wal")
    writer = sqlite3.connect(path)
    writer.execute("UPDATE segments SET text = 'of another database'")
    writer.commit()
    left = log.read_bytes()
    writer.close()
    path.unlink()
    log.write_bytes(left)
    assert restore(tmp_path / "copy.db", path, NOW) is None
    assert await texts_of(path) == ["one"]


async def test_what_is_known_of_a_database_outlasts_a_copy_that_is_refused(path: Path, tmp_path: Path) -> None:
    await fill(path, "one")
    copy = tmp_path / "copy.db"
    back_up(path, copy, told)
    age_forward(copy)
    marker = RunMarker(path)
    marker.note_damage()
    marker.release(clean=False)
    with pytest.raises(NewerSchemaError):
        restore(copy, path, NOW)
    assert RunMarker(path).last_stop is LastStop.DAMAGED


async def test_a_fresh_data_folder_is_made(path: Path, tmp_path: Path) -> None:
    await fill(path, "one")
    back_up(path, tmp_path / "copy.db", told)
    other = tmp_path / "other" / "data" / "wallflower.db"
    assert restore(tmp_path / "copy.db", other, NOW) is None
    assert await texts_of(other) == ["one"]


async def test_nothing_is_put_under_a_running_sidecar(path: Path, tmp_path: Path) -> None:
    await fill(path, "one")
    back_up(path, tmp_path / "copy.db", told)
    database = await Database.open(path, clock=Clock())
    try:
        await keep(database, segment("after", at_s=9))
        with pytest.raises(BackupError, match="is running"):
            restore(tmp_path / "copy.db", path, NOW)
        assert await find(database) == ["after", "one"]
    finally:
        await database.close()


def rubbish(file: Path) -> None:
    file.write_bytes(b"rubbish" * 5_000)


def an_empty_file(file: Path) -> None:
    file.write_bytes(b"")


def somebody_elses(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()


def half_a_copy(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def nothing_at_all(file: Path) -> None:
    file.unlink()


def age_forward(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


@pytest.mark.parametrize("spoil", [rubbish, an_empty_file, somebody_elses, half_a_copy, nothing_at_all])
async def test_what_is_no_sound_copy_is_refused_and_changes_nothing(path: Path, tmp_path: Path, spoil) -> None:
    await fill(path, *[f"sentence {number}" for number in range(200)])
    copy = tmp_path / "copy.db"
    back_up(path, copy, told)
    spoil(copy)
    with pytest.raises(BackupError):
        restore(copy, path, NOW)
    assert len(await texts_of(path)) == 200


async def test_a_copy_of_a_newer_wallflower_is_refused(path: Path, tmp_path: Path) -> None:
    await fill(path, "one")
    copy = tmp_path / "copy.db"
    back_up(path, copy, told)
    age_forward(copy)
    with pytest.raises(NewerSchemaError, match=r"A newer Wallflower wrote .*copy\.db"):
        restore(copy, path, NOW)
    assert await texts_of(path) == ["one"]


async def test_a_full_disk_is_said_and_leaves_no_half_copy(path: Path, tmp_path: Path) -> None:
    await fill(path, *["x" * 5_000 for _ in range(500)])
    with disk(tmp_path / "disk", mib=1) as folder:
        with pytest.raises(BackupError, match="full"):
            back_up(path, folder / "copy.db", told)
        assert list(folder.iterdir()) == []
