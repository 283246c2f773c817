"""From a file to a server: everything, once, counted."""

from pathlib import Path

import pytest

from wallflower_sidecar.store import Database, events
from wallflower_sidecar.store.move import AT_ONCE

from .heard import Clock, at, copies, delete, find, keep, segment
from .move_house import MANY, House, counts_of, of_file, of_server


async def test_every_row_of_every_table_is_there(house: House, server: Database) -> None:
    before = of_file(house.path)
    assert all(before.values()), "the house has something in each table"
    assert await of_server(server) == before


async def test_what_was_said_is_found_in_the_same_order(house: House, server: Database, clock: Clock) -> None:
    file = await Database.open(house.path, clock=clock)
    for query in ({}, {"q": "number -17"}, {"q": "surrogate"}, {"rule": "sos"}):
        assert await find(server, **query, limit=1000) == await find(file, **query, limit=1000)
    assert file.server_id == server.server_id
    await file.close()


async def test_event_ids_go_on(server: Database) -> None:
    async with server.write() as connection:
        newest = (await events.bounds(connection)).newest
        (event,) = await events.append(connection, copies(segment("new")))
    assert event.id == newest + 1 > 3


async def test_the_file_is_not_changed(house: House) -> None:
    before = house.path.read_bytes(), house.path.stat().st_mtime_ns
    await house.move()
    assert (house.path.read_bytes(), house.path.stat().st_mtime_ns) == before
    left = {file.name: file.stat().st_size for file in house.path.parent.iterdir()}
    assert {name for name, size in left.items() if size} <= {"wallflower.db", "server_id", "wallflower.db-shm"}


@pytest.mark.parametrize("after", [1, 12, AT_ONCE + 1, MANY + 5])
async def test_an_interrupted_move_goes_on(house: House, after: int) -> None:
    await house.interrupted(after=after)
    assert (await house.move()).resumed
    database = await house.server()
    assert await of_server(database) == of_file(house.path)
    await database.close()


async def test_a_file_that_changed_meanwhile_is_moved_anew(house: House) -> None:
    await house.interrupted(after=AT_ONCE + 1)
    file = await Database.open(house.path, clock=Clock())
    await delete(file, start=at(100), end=at(200))
    await keep(file, segment("said since", at_s=50_000))
    await file.close()
    assert not (await house.move()).resumed
    database = await house.server()
    assert await of_server(database) == of_file(house.path)
    assert await find(database, q="number 150") == []
    await database.close()


async def test_another_house_moves_to_the_same_server(house: House, tmp_path: Path, clock: Clock) -> None:
    await house.move()
    other = house.beside(tmp_path / "other")
    file = await Database.open(other.path, clock=clock)
    await keep(file, segment("of the other house"))
    await file.close()
    await other.move()
    database = await other.server()
    assert (await counts_of(database))["segments"] == MANY + 2
    assert await find(database, q="number 17") == ["number 17"]
    await database.close()
