"""What is not moved, and what is said then."""

from pathlib import Path
import sqlite3

import pytest
from sqlalchemy import text

from tests.support.postgres import Cluster
from wallflower_sidecar.store import Database, DatabaseUnusableError, NewerSchemaError, postgres_backend
from wallflower_sidecar.store.errors import MoveError
from wallflower_sidecar.store.move import AT_ONCE, move
from wallflower_sidecar.store.schema import SEGMENTS

from .heard import Clock
from .move_house import MANY, House, counts_of


async def test_it_is_moved_once(house: House) -> None:
    await house.move()
    with pytest.raises(MoveError, match="holds a server with this one's id already"):
        await house.move()
    database = await house.server(as_sidecar=True)
    assert (await counts_of(database))["segments"] == MANY + 1
    await database.close()


async def test_no_sidecar_starts_on_what_is_half_moved(house: House) -> None:
    await house.interrupted(after=AT_ONCE + 1)
    with pytest.raises(DatabaseUnusableError, match=r"not finished\. Run `wallflower migrate` again"):
        await house.server(as_sidecar=True)


async def test_a_running_sidecar_is_not_moved(house: House) -> None:
    running = await Database.open(house.path, clock=Clock())
    with pytest.raises(MoveError, match="The sidecar is running"):
        await house.move()
    await running.close()


async def test_a_sidecar_that_runs_on_the_server_is_not_moved_to(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_backend, "TAKEN_S", 0.3)
    await house.move()
    running = await house.server(as_sidecar=True)
    with pytest.raises(MoveError, match="another sidecar with the same server id uses it"):
        await house.move()
    await running.close()


async def test_a_copied_folder_is_refused(house: House, tmp_path: Path) -> None:
    await house.move()
    copy = house.beside(tmp_path / "copy")
    copy.path.write_bytes(house.path.read_bytes())
    with pytest.raises(MoveError, match="holds a server with this one's id already"):
        await copy.move()


async def test_a_backup_that_was_restored_in_another_house_is_refused(house: House, tmp_path: Path) -> None:
    await house.move()
    other = house.beside(tmp_path / "other")
    other.path.write_bytes(house.path.read_bytes())
    change(other.path, "UPDATE meta SET value = '7f1d3a52-6a0a-4a3e-9a56-0242ac120002' WHERE key = 'server_id'")
    with pytest.raises(MoveError, match="under another server's id"):
        await other.move()


async def test_a_folder_that_was_another_server_there_says_so(house: House) -> None:
    await (await house.server()).close()
    with pytest.raises(MoveError, match="names another server"):
        await house.move()
    (house.place.folder / "server_id").unlink()
    await house.move()


async def test_a_newer_server_is_refused(house: House, tmp_path: Path) -> None:
    other = await house.server(folder=tmp_path / "other")
    async with other.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await other.close()
    with pytest.raises(MoveError, match="A newer Wallflower wrote the database of --to"):
        await house.move()


@pytest.mark.parametrize(
    ("revision", "error", "sentence"),
    [("0003", MoveError, "is of an older version"), ("9999", NewerSchemaError, "A newer Wallflower wrote")],
)
async def test_a_file_of_another_version_is_refused(
    house: House, revision: str, error: type[Exception], sentence: str
) -> None:
    change(house.path, f"UPDATE alembic_version SET version_num = '{revision}'")
    with pytest.raises(error, match=sentence):
        await house.move()


async def test_a_document_that_cannot_be_read_is_named(house: House) -> None:
    change(house.path, "UPDATE streams SET document = '{bad'")
    with pytest.raises(MoveError, match="A row of the table streams cannot be read"):
        await house.move()


async def test_a_damaged_file_is_refused_and_still_set_aside_by_the_next_start(house: House) -> None:
    marker = house.path.with_name("wallflower.db.running")
    marker.write_text("damaged")
    with pytest.raises(MoveError, match="is damaged"):
        await house.move()
    assert marker.read_text() == "damaged"


async def test_a_file_whose_damage_nobody_noticed_yet_is_a_sentence(house: House) -> None:
    page = 4096
    with house.path.open("r+b") as file:
        for number in range(20, house.path.stat().st_size // page, 3):
            file.seek(number * page)
            file.write(b"\xff" * page)
    with pytest.raises(MoveError, match=r"wallflower\.db cannot be read: it is damaged"):
        await house.move()


async def test_a_server_that_goes_away_is_a_sentence_and_no_loss(house: House, postgres: Cluster) -> None:
    def stop(done: int, _total: int) -> None:
        if done > AT_ONCE:
            postgres.stop()

    try:
        with pytest.raises(MoveError, match="Run it again to go on"):
            await move(house.path, house.place, stop)
    finally:
        postgres.start()
    assert (await house.move()).resumed


async def test_rows_that_are_missing_are_noticed(house: House, tmp_path: Path) -> None:
    await house.interrupted(after=MANY + 5)
    other = await house.server(folder=tmp_path / "other")
    async with other.write() as connection:
        await connection.execute(SEGMENTS.delete().where(SEGMENTS.c.text == "number 3"))
    with pytest.raises(MoveError, match=f"segments has {MANY + 1} rows in the file, and {MANY} on the server"):
        await house.move()
    with pytest.raises(DatabaseUnusableError, match="not finished"):
        await house.server()
    await other.close()


def change(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(sql)
    connection.close()
