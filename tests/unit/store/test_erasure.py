"""What overwriting the unused parts of pages may and may not touch."""

import random
import sqlite3

import pytest

from wallflower_sidecar.store import erasure
from wallflower_sidecar.store.erasure import unused_middle
from wallflower_sidecar.store.sqlite import connect


def leaf(cells: int, content: int, kind: int = 13) -> bytes:
    return bytes([kind, 0, 0]) + cells.to_bytes(2) + content.to_bytes(2) + bytes(4089)


@pytest.mark.parametrize(
    ("number", "page", "gap"),
    [
        (2, leaf(3, 4000), range(14, 4000)),
        (2, leaf(3, 4000, kind=5), range(18, 4000)),
        (1, bytes(100) + leaf(3, 4000)[:-100], range(114, 4000)),
        (2, leaf(3, 14), range(14, 14)),
        (2, leaf(0, 4096), range(8, 4096)),
        (2, bytes(4096), None),
        (2, leaf(3, 13), None),
        (2, leaf(3, 5000), None),
        (2, leaf(3, 4000, kind=1), None),
    ],
)
def test_the_unused_middle(number, page, gap):
    assert unused_middle(number, page) == gap


def test_overwriting_leaves_every_row_and_finds_nothing_twice(tmp_path):
    connection = connect(tmp_path / "some.db")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT)")
    connection.execute("CREATE INDEX i ON t (body)")
    chance = random.Random(3)
    for _ in range(3_000):
        connection.execute("INSERT INTO t (body) VALUES (?)", (chance.randbytes(chance.choice([5, 50, 5000])).hex(),))
    connection.execute("DELETE FROM t WHERE id % 3 = 0")
    before = connection.execute("SELECT * FROM t").fetchall()
    assert erasure.overwrite_gaps(connection) > 0
    assert erasure.overwrite_gaps(connection) == 0
    connection.close()
    connection = sqlite3.connect(tmp_path / "some.db")
    assert connection.execute("SELECT * FROM t").fetchall() == before
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
