"""Makes deleted text unreadable in every file of the database, not only unreachable.

`secure_delete` overwrites the cells that are freed, and the full-text index's 'secure-delete' takes words out of its
pages, but three kinds of copies outlive both: the index keeps the beginnings of deleted words as separators between its
pages; SQLite leaves old cells behind in the unused middle of a page when it moves rows between neighbouring pages; and
the write-ahead log holds the pages of before.
"""

from collections.abc import Iterator
import logging
from pathlib import Path
import sqlite3
import time

from .sqlite import connect

PENDING = "erasure_pending"
"""The key in `meta` that is set in the deleting transaction and cleared once no file holds the text any more."""

MERGE_PAGES = 200
FIX_PAGES = 500
REWRITE_S = 120.0
RETRY_S = 0.02
_B_TREE_PAGES = {2: 12, 5: 12, 10: 8, 13: 8}
"""The first byte of a b-tree page, and how long its header is (sqlite.org/fileformat.html 1.6)."""

_MOST_PAGES = 1 << 24
"""Beyond it the first byte of an overflow page (a page number, big endian) could be taken for a b-tree page's."""

LOGGER = logging.getLogger(__name__)


class RemnantsError(Exception):
    """Somebody read the database for so long that the write-ahead log could not be emptied."""


def erase_remnants(path: Path, *, deadline_s: float) -> None:
    """Erase what a committed deletion left behind, in short transactions beside other writers; blocks.

    Raises RemnantsError, sqlite3.Error. What is left undone stays noted in `meta`.
    """
    connection = connect(path, busy_s=deadline_s)
    try:
        pending = connection.execute("SELECT value FROM meta WHERE key = ?", (PENDING,)).fetchone()
        renew_separators(connection)
        if can_edit_pages(connection):
            overwrite_gaps(connection)
        else:
            connection.execute("PRAGMA temp_store=DEFAULT")
            connection.execute("VACUUM")
        empty_log(connection, deadline_s)
        if pending is not None:
            connection.execute("DELETE FROM meta WHERE key = ? AND value = ?", (PENDING, *pending))
    finally:
        connection.close()


def is_pending(path: Path) -> bool:
    """Whether a deletion was committed whose remnants are not erased yet; blocks."""
    connection = connect(path)
    try:
        return connection.execute("SELECT 1 FROM meta WHERE key = ?", (PENDING,)).fetchone() is not None
    finally:
        connection.close()


def renew_separators(connection: sqlite3.Connection) -> None:
    """Write the full-text index anew if the beginning of a deleted word separates two of its pages."""
    ends = time.monotonic() + REWRITE_S
    while has_dead_separators(connection):
        if time.monotonic() >= ends:
            raise RemnantsError("The full-text index could not be rewritten in time.")
        # A merge needs two pieces at least; a row that is written again becomes the second one.
        touched = connection.execute("UPDATE segments SET text = text WHERE seq = (SELECT max(seq) FROM segments)")
        if touched.rowcount:
            _merge_everything(connection, ends)
        else:
            connection.execute("INSERT INTO segments_fts(segments_fts) VALUES ('delete-all')")


def has_dead_separators(connection: sqlite3.Connection) -> bool:
    """Whether the index separates pages by the beginning of a word that no text has any more."""
    connection.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.segments_words USING fts5vocab('main', 'segments_fts', 'row')"
    )
    separators = connection.execute("SELECT term FROM segments_fts_idx").fetchall()
    for (separator,) in separators:
        beginning = bytes(separator)[1:]  # the first byte names the index
        if not beginning:
            continue
        following = connection.execute(
            "SELECT term FROM temp.segments_words WHERE term >= CAST(? AS TEXT) LIMIT 1", (beginning,)
        ).fetchone()
        if following is None or not following[0].encode().startswith(beginning):
            return True
    return False


def _merge_everything(connection: sqlite3.Connection, ends: float) -> None:
    """Merge the index into one new piece, a few pages at a time (sqlite.org/fts5.html 6.9).

    A negative number begins a merge of everything; fewer than two changes mean that nothing is left to do.
    """
    pages = -MERGE_PAGES
    while time.monotonic() < ends:
        before = connection.total_changes
        connection.execute("INSERT INTO segments_fts(segments_fts, rank) VALUES ('merge', ?)", (pages,))
        if connection.total_changes - before < 2:  # noqa: PLR2004
            return
        pages = MERGE_PAGES


def can_edit_pages(connection: sqlite3.Connection) -> bool:
    """Whether this SQLite can show and change its pages; those that cannot have to write the whole file anew."""
    found = connection.execute("SELECT 1 FROM pragma_module_list WHERE name = 'sqlite_dbpage'").fetchone()
    pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
    return found is not None and pages < _MOST_PAGES


def overwrite_gaps(connection: sqlite3.Connection) -> int:
    """Overwrite the unused middle of every b-tree page that still holds something there; returns how many."""
    dirty = list(_pages_with_remnants(connection))
    for first in range(0, len(dirty), FIX_PAGES):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for number in dirty[first : first + FIX_PAGES]:
                row = connection.execute("SELECT data FROM sqlite_dbpage WHERE pgno = ?", (number,)).fetchone()
                gap = None if row is None else unused_middle(number, row[0])
                if gap is not None:
                    page = row[0][: gap.start] + bytes(len(gap)) + row[0][gap.stop :]
                    connection.execute("UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?", (page, number))
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    return len(dirty)


def unused_middle(number: int, page: bytes) -> range | None:
    """The bytes between a b-tree page's cell pointers and its cells; None for other pages."""
    begin = 100 if number == 1 else 0
    header = _B_TREE_PAGES.get(page[begin])
    if header is None:
        return None
    cells = int.from_bytes(page[begin + 3 : begin + 5])
    content = int.from_bytes(page[begin + 5 : begin + 7]) or 65536
    start = begin + header + 2 * cells
    return range(start, content) if start <= content <= len(page) else None


def empty_log(connection: sqlite3.Connection, deadline_s: float) -> None:
    """Copy the write-ahead log into the file and cut it to nothing, however many readers come and go."""
    ends = time.monotonic() + deadline_s
    while True:
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if not busy:
            return
        if time.monotonic() >= ends:
            raise RemnantsError("A reader held the database for too long.")
        time.sleep(RETRY_S)


def _pages_with_remnants(connection: sqlite3.Connection) -> Iterator[int]:
    for number, page in connection.execute("SELECT pgno, data FROM sqlite_dbpage"):
        gap = unused_middle(number, page)
        if gap is not None and page.count(0, gap.start, gap.stop) != len(gap):
            yield number
