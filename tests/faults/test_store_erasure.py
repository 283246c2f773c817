"""Deleted text is in no file when the deletion is answered: the files' bytes are searched for it."""

import asyncio
import itertools
import random
import re
import sqlite3

import pytest
from sqlalchemy import text

from tests.unit.store.heard import Clock, at, copies, delete, file_of, find, folder_holds, hit, keep, segment, stream
from wallflower_sidecar.domain.errors import UnavailableError
from wallflower_sidecar.store import Database, erasure, events, streams, transcripts
from wallflower_sidecar.store.erasure import PENDING

pytestmark = pytest.mark.faults

COMMON = [f"word{number}" for number in range(200)]


@pytest.fixture
async def database(tmp_path):
    database = await Database.open(tmp_path / "data" / "wallflower.db", clock=Clock())
    yield database
    await database.close()


def secret(chance: random.Random, *, alike: bool) -> str:
    """A word of its own; words that begin alike make the full-text index keep long beginnings of them."""
    letters = "".join(chance.choices("abcdefghijklmnoprstuvwxy", k=14))
    return f"xylophonic{letters[:2]}zq{letters[4:]}" if alike else f"{letters[:4]}zq{letters[4:]}"


def secrets_on_disk(database) -> set[str]:
    """The telling ends of all secrets in any file of the folder; the index shares beginnings between words."""
    held = b"".join(file.read_bytes() for file in file_of(database).parent.iterdir())
    return {word.decode() for word in re.findall(rb"zq[a-z]{10}", held)}


async def fill(database, chance, numbers, *, sizes, alike) -> dict[int, str]:
    """Keep a segment with a secret word for each number, with hits and events; returns the telling end of each."""
    words = {}
    async with database.write() as connection:
        for number in numbers:
            word = secret(chance, alike=alike)
            words[number] = word[word.index("zq") :]
            others = chance.choices(COMMON, k=chance.choice(sizes))
            others.insert(chance.randrange(len(others) + 1), word)
            heard = segment(" ".join(others), at_s=number)
            found = [hit(heard, phrase=word)] if number % 5 == 0 else []
            await transcripts.insert_segment(connection, heard)
            await transcripts.insert_hits(connection, found)
            await events.append(connection, copies(heard, found))
    return words


async def test_a_forgotten_sentence_is_in_no_file(database):
    heard = segment("the password is xylophone")
    await keep(database, segment("good morning"), heard, segment("good night", at_s=60), hits=[hit(heard)])
    assert folder_holds(database, "xylophone")
    assert await delete(database, start=at(0), end=at(1)) == 2
    assert folder_holds(database, "xylophone") == []
    assert await find(database) == ["good night"]


async def test_a_reader_that_is_open_meanwhile_is_waited_for(database):
    await keep(database, segment("the password is xylophone"))
    outside = sqlite3.connect(file_of(database), isolation_level=None)
    outside.execute("BEGIN")
    assert outside.execute("SELECT count(*) FROM segments").fetchone() == (1,)
    async with database.read() as connection:
        await connection.execute(text("SELECT count(*) FROM segments"))
        deleting = asyncio.create_task(delete(database, stream="door"))
        while await find(database):
            await asyncio.sleep(0.01)
        assert folder_holds(database, "xylophone"), "the readers still need it"
        assert not deleting.done()
    outside.execute("COMMIT")
    async with asyncio.timeout(10):
        assert await deleting == 1
    assert folder_holds(database, "xylophone") == []
    outside.close()


async def test_readers_that_come_and_go_do_not_put_it_off(database):
    await keep(database, *(segment(f"xylophone {number}", at_s=number) for number in range(50)))
    stopped = asyncio.Event()

    async def read() -> None:
        while not stopped.is_set():
            await find(database, q="xylophone OR word")

    readers = [asyncio.create_task(read()) for _ in range(4)]
    async with asyncio.timeout(10):
        await delete(database, stream="door")
    held = folder_holds(database, "xylophone")
    stopped.set()
    await asyncio.gather(*readers)
    assert held == []


async def test_a_reader_that_never_ends_is_a_sentence_and_the_next_erasure_makes_it_good(database, monkeypatch):
    monkeypatch.setattr("wallflower_sidecar.store.sqlite_backend.ERASE_S", 0.2)
    await keep(database, segment("xylophone"))
    outside = sqlite3.connect(file_of(database), isolation_level=None)
    outside.execute("BEGIN")
    outside.execute("SELECT count(*) FROM segments").fetchone()
    with pytest.raises(UnavailableError, match="deleted"):
        await delete(database, stream="door")
    assert await find(database) == []
    outside.close()
    assert await delete(database, stream="door") == 0
    assert folder_holds(database, "xylophone") == []


@pytest.mark.parametrize("alike", [False, True], ids=["words that differ", "words alike"])
@pytest.mark.parametrize("sizes", [(2, 6), (3, 8, 20), (0, 7, 60, 150)], ids=["short", "middling", "long"])
async def test_whatever_is_deleted_in_whatever_order(database, sizes, alike):
    """Rows move between pages as they thin out, and each move may leave a copy of a neighbour behind."""
    await thin_out(database, random.Random(7), sizes=sizes, alike=alike)


async def test_the_same_where_pages_cannot_be_edited(database, monkeypatch):
    monkeypatch.setattr(erasure, "can_edit_pages", lambda _: False)
    await thin_out(database, random.Random(8), sizes=(3, 8, 20), alike=True)


async def thin_out(database, chance, *, sizes, alike):
    live = await fill(database, chance, range(400), sizes=sizes, alike=alike)
    dead: set[str] = set()
    round_ = 0
    while live:
        gone = [number for number in live if chance.random() < 0.6] or list(live)
        async with database.erase() as connection:
            for first, last in runs(gone):
                await transcripts.forget(connection, start=at(first), end=at(last + 1))
        dead |= {live.pop(number) for number in gone}
        held = secrets_on_disk(database)
        assert held & dead == set()
        assert held == set(live.values())
        assert await dead_separators(database) == []
        round_ += 1
        if round_ <= 3:
            live |= await fill(database, chance, range(1000 * round_, 1000 * round_ + 50), sizes=sizes, alike=alike)
    assert await find(database) == []
    async with database.write() as connection:
        assert (await connection.execute(text("PRAGMA quick_check"))).scalar() == "ok"
        await connection.execute(text("INSERT INTO segments_fts(segments_fts, rank) VALUES ('integrity-check', 1)"))


def runs(numbers):
    """Neighbouring numbers as (first, last)."""
    for _, group in itertools.groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0]):
        members = [number for _, number in group]
        yield members[0], members[-1]


async def dead_separators(database):
    """What the index keeps between its pages that is the beginning of no word in any text."""
    async with database.read() as connection:
        rows = (await connection.execute(text("SELECT term FROM segments_fts_idx"))).scalars().all()
        words = set(" ".join((await connection.execute(text("SELECT text FROM segments"))).scalars()).split())
    separators = [bytes(row)[1:].decode() for row in rows]
    return [each for each in separators if not any(word.startswith(each) for word in words) and each]


async def test_much_at_once(database):
    words = await fill(database, random.Random(9), range(1_300), sizes=(3,), alike=True)
    assert await delete(database, start=at(0), end=at(1_200)) == 1_200
    assert secrets_on_disk(database) == {word for number, word in words.items() if number >= 1_200}
    async with database.read() as connection:
        kept = await connection.execute(text("SELECT v FROM segments_fts_config WHERE k = 'secure-delete'"))
        assert kept.scalar() == 1
    assert len(await find(database, q="xylophonic*")) == 100


async def test_purging_a_stream_takes_its_password_along(database):
    async with database.write() as connection:
        await streams.save_stream(connection, stream("door", url="rtsp://me:xylophone@10.0.0.1/door"))
    async with database.erase() as connection:
        await streams.delete_stream(connection, "door")
        await transcripts.purge(connection, "door")
    assert folder_holds(database, "xylophone") == []


async def test_an_erasure_that_was_cut_short_is_finished_by_the_next_start(tmp_path):
    path = tmp_path / "data" / "wallflower.db"
    database = await Database.open(path, clock=Clock())
    await keep(database, segment("xylophone"), segment("other"))
    async with database.write() as connection:
        await transcripts.forget(connection, start=at(0), end=at(1))
        await connection.execute(text(f"INSERT INTO meta(key, value) VALUES ('{PENDING}', 'x')"))
    assert folder_holds(database, "xylophone")
    reopened = await Database.open(path, clock=Clock())
    assert folder_holds(reopened, "xylophone") == []
    async with reopened.read() as connection:
        assert (await connection.execute(text(f"SELECT 1 FROM meta WHERE key = '{PENDING}'"))).first() is None
    await reopened.close()
    await database.close()


async def test_deleting_nothing_costs_nothing(database, monkeypatch):
    monkeypatch.setattr("wallflower_sidecar.store.sqlite_backend.erase_remnants", None)
    assert await delete(database, stream="nobody") == 0
