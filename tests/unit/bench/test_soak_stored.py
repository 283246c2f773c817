"""What a soak must object to in the database, the events and the recordings."""

from contextlib import closing
import sqlite3

import pytest

from bench import soak_recordings
from bench.soak_invariants import judge_database, judge_events
from bench.soak_recordings import judge_recordings
from tests.support.sidecar import SidecarEvent


class Replay:
    """A server that has these events."""

    def __init__(self, *stored):
        self._stored = stored

    async def events(self, **_filters):
        for each in self._stored:
            yield each


async def test_what_is_told_and_what_is_stored_must_be_the_same(ledger, watch, rules):
    for number, data in ((1, {}), (2, {"text": "one"}), (4, {})):
        watch._take(SidecarEvent(number, "speech.started", data))
    stored = [SidecarEvent(number, "speech.started", data) for number, data in ((1, {}), (2, {"text": "two"}), (3, {}))]
    await judge_events(ledger, watch, Replay(*stored), 4)
    assert rules() == [
        "every stored event was told",
        "every told event is stored",
        "an event never changes",
    ]


@pytest.fixture
def database(tmp_path):
    file = tmp_path / "wallflower.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE streams (id TEXT PRIMARY KEY)")
        connection.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, stream TEXT REFERENCES streams)")
        connection.executemany("INSERT INTO events VALUES (?, NULL)", [(number,) for number in range(3, 2000)])
        connection.commit()
    return file


def test_a_database_that_is_whole_is_no_violation(ledger, database):
    judge_database(ledger, database)
    assert ledger.violations == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("DELETE FROM events WHERE id = 7", "no gap in the event ids"),
        ("UPDATE events SET stream = 'gone' WHERE id = 7", "no row without its parent"),
    ],
)
def test_a_gap_in_the_ids_and_a_row_without_its_parent_are_violations(ledger, database, change, rule, rules):
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(change)
        connection.commit()
    judge_database(ledger, database)
    assert rules() == [rule]


def test_a_damaged_database_is_a_violation(ledger, database, rules):
    content = bytearray(database.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    database.write_bytes(content)
    judge_database(ledger, database)
    assert rules() == ["the database is whole"]


class Library:
    """A server that lists these recordings."""

    def __init__(self, *items):
        self._items = items

    async def request(self, _method, _path):
        return {"items": list(self._items), "next": None}


def recording(begin_s, end_s, **fields):
    begin, end = (f"2026-11-28T05:00:{second:02}Z" for second in (begin_s, end_s))
    return {"id": f"at-{begin_s}", "start": begin, "end": end, "bytes": 4, **fields}


async def test_recordings_that_overlap_leave_gaps_do_not_play_or_are_not_on_disk_are_violations(
    ledger, monkeypatch, tmp_path, rules
):
    async def download(_server, _path):
        return 200, b"none"

    monkeypatch.setattr(soak_recordings, "download", download)
    library = Library(recording(0, 10), recording(9, 20), recording(40, 50, bytes=9))
    await judge_recordings(ledger, library, ["porch"], tmp_path)
    assert set(rules()) == {
        "recordings do not overlap",
        "continuous means without gaps",
        "a recording is as long as listed",
        "every recording plays",
        "the disk holds what the list says",
    }
