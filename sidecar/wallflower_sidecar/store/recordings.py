"""Which recordings there are: rows beside the files, which are found by them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched

from sqlalchemy import ColumnElement, Select, delete as delete_from, func, literal, select, tuple_, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.clock import from_millis, to_millis
from ..domain.errors import FieldError
from ..domain.events import EventType
from ..domain.recordings import LONGEST, ForgottenSpan, RecordingItem, RecordingKind
from .columns import mine
from .forgotten import note
from .paging import After, Page, decode_cursor
from .rows import Row
from .schema import EVENTS, FORMER_RECORDINGS, META, RECORDINGS, STREAMS
from .upsert import add_missing

AT_ONCE = 500
"""Ids in one statement; SQLite takes no more than 32,766 values."""

_TOMBSTONE = {"data": None, "segment": None}

_KNOWN_ROOT = "recordings_root:"
"""Begins the key in `meta` under which a recordings folder is noted that was set up."""


@dataclass(frozen=True, slots=True)
class Located:
    """A recording and where its file lies below the root of the recordings folder."""

    item: RecordingItem
    path: str


async def insert_new(connection: AsyncConnection, recordings: Sequence[Located]) -> int:
    """Take files in, and leave those alone that are known already; returns how many are new."""
    if not recordings:
        return 0
    rows = [_row(each) for each in recordings]
    return await add_missing(connection, RECORDINGS, rows)


async def get(connection: AsyncConnection, recording_id: str) -> Located | None:
    """Return a recording by its id."""
    row = (
        (await connection.execute(select(RECORDINGS).where(mine(RECORDINGS), RECORDINGS.c.id == recording_id)))
        .mappings()
        .first()
    )
    return None if row is None else _located(row)


async def newest_first(
    connection: AsyncConnection,
    *,
    stream: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[RecordingItem]:
    """List recordings that overlap [start, end), newest first. Raises FieldError("cursor")."""
    rows = select(RECORDINGS).where(mine(RECORDINGS), *_overlapping(stream, start, end))
    rows = rows.order_by(RECORDINGS.c.start.desc(), RECORDINGS.c.id.desc()).limit(limit + 1)
    if cursor is not None:
        after = decode_cursor(cursor)
        if not isinstance(after, After):
            raise FieldError("cursor", "This cursor belongs to a search with words.")
        rows = rows.where(tuple_(RECORDINGS.c.start, RECORDINGS.c.id) < tuple_(literal(after.start), literal(after.id)))
    found = (await connection.execute(rows)).mappings().all()
    items = tuple(_located(row).item for row in found[:limit])
    if len(found) <= limit:
        return Page(items, None)
    last = found[limit - 1]
    return Page(items, After(last["start"], last["id"]).encode())


async def covering(connection: AsyncConnection, stream: str, start: datetime, end: datetime) -> list[Located]:
    """Return the segments of a stream that overlap [start, end), in order of time."""
    rows = select(RECORDINGS).where(mine(RECORDINGS), *_overlapping(stream, start, end), _is(RecordingKind.SEGMENT))
    return await _all(connection, rows.order_by(RECORDINGS.c.start, RECORDINGS.c.id))


async def has_stream(connection: AsyncConnection, stream: str) -> bool:
    """Whether a stream is configured or a recording of it is kept."""
    known = union_all(
        select(STREAMS.c.id).where(mine(STREAMS), STREAMS.c.id == stream),
        select(RECORDINGS.c.id).where(mine(RECORDINGS), RECORDINGS.c.stream == stream),
    )
    return (await connection.execute(known.limit(1))).first() is not None


async def used_bytes(connection: AsyncConnection) -> dict[str, int]:
    """Return how many bytes each stream's recordings take."""
    sums = (
        select(RECORDINGS.c.stream, func.sum(RECORDINGS.c.bytes)).where(mine(RECORDINGS)).group_by(RECORDINGS.c.stream)
    )
    return {stream: int(total) for stream, total in await connection.execute(sums)}


async def oldest(
    connection: AsyncConnection, kind: RecordingKind, stream: str | None = None, *, passing_over: Iterable[str] = ()
) -> list[Located]:
    """Return some of the oldest recordings of a kind, oldest first, of all streams or one, but for some paths."""
    rows = select(RECORDINGS).where(mine(RECORDINGS), _is(kind), RECORDINGS.c.path.not_in(list(passing_over)))
    rows = rows.order_by(RECORDINGS.c.start, RECORDINGS.c.id).limit(AT_ONCE)
    return await _all(connection, rows if stream is None else rows.where(RECORDINGS.c.stream == stream))


async def older_than(
    connection: AsyncConnection, stream: str, moment: datetime, *, passing_over: Iterable[str] = ()
) -> list[Located]:
    """Return some of a stream's segments that ended, and of its clips that were kept, before a moment."""
    millis = to_millis(moment)
    digits = f"{max(millis, 0):012x}"
    ended = _is(RecordingKind.SEGMENT) & (RECORDINGS.c.end < millis)
    # The first digits of a UUIDv7 are the time at which it was made.
    kept = _is(RecordingKind.CLIP) & (RECORDINGS.c.id < f"{digits[:8]}-{digits[8:]}")
    rows = select(RECORDINGS).where(RECORDINGS.c.stream == stream, RECORDINGS.c.start < millis, ended | kept)
    rows = rows.where(mine(RECORDINGS), RECORDINGS.c.path.not_in(list(passing_over)))
    return await _all(connection, rows.order_by(RECORDINGS.c.start, RECORDINGS.c.id).limit(AT_ONCE))


async def purge(connection: AsyncConnection, stream: str, now: datetime) -> int:
    """Delete the rows of all recordings of a stream, and what events say of them; returns how many.

    Files that come back, as their disk was away, are removed before they are seen.
    """
    await note(connection, ForgottenSpan(stream, None, now))
    told = (EVENTS.c.stream == stream) & (EVENTS.c.type == EventType.RECORDING_SAVED.value)
    await connection.execute(update(EVENTS).where(mine(EVENTS), told).values(_TOMBSTONE))
    rows = delete_from(RECORDINGS).where(mine(RECORDINGS), RECORDINGS.c.stream == stream)
    await connection.execute(
        delete_from(FORMER_RECORDINGS).where(mine(FORMER_RECORDINGS), FORMER_RECORDINGS.c.stream == stream)
    )
    return (await connection.execute(rows)).rowcount


async def paths_in(connection: AsyncConnection, folder: str) -> set[str]:
    """Return the known paths below a folder such as `porch/2026-11-22`."""
    paths = select(RECORDINGS.c.path).where(
        mine(RECORDINGS), RECORDINGS.c.path > f"{folder}/", RECORDINGS.c.path < f"{folder}0"
    )
    return set((await connection.execute(paths)).scalars())


async def folders(connection: AsyncConnection) -> list[str]:
    """Return the folders of all known paths, jumping from one to the next through the index of paths."""
    found: list[str] = []
    after = ""
    while True:
        first = (
            select(RECORDINGS.c.path)
            .where(mine(RECORDINGS), RECORDINGS.c.path > after)
            .order_by(RECORDINGS.c.path)
            .limit(1)
        )
        path = (await connection.execute(first)).scalar()
        if path is None:
            return found
        folder = str(path).rpartition("/")[0]
        found.append(folder)
        after = f"{folder}0"


async def forget(connection: AsyncConnection, paths: Iterable[str]) -> int:
    """Delete the rows of files that are gone, and what events say of them; returns how many."""
    gone = 0
    for some in batched(paths, AT_ONCE, strict=False):
        chosen = RECORDINGS.c.path.in_(some)
        copies = EVENTS.c.segment.in_(select(RECORDINGS.c.id).where(mine(RECORDINGS), chosen))
        await connection.execute(update(EVENTS).where(mine(EVENTS), copies).values(_TOMBSTONE))
        gone += (await connection.execute(delete_from(RECORDINGS).where(mine(RECORDINGS), chosen))).rowcount
    return gone


async def is_known_root(connection: AsyncConnection, root: str) -> bool:
    """Whether a recordings folder was set up at this place before."""
    return (
        await connection.execute(select(META).where(mine(META), META.c.key == _KNOWN_ROOT + root))
    ).first() is not None


async def note_root(connection: AsyncConnection, root: str, now: datetime) -> None:
    """Note that a recordings folder was set up here: if it is ever gone, its disk is."""
    await add_missing(connection, META, [{"key": _KNOWN_ROOT + root, "value": now.isoformat()}])


def _overlapping(stream: str | None, start: datetime | None, end: datetime | None) -> list[ColumnElement[bool]]:
    """Bounded by the index on `start` on both sides: no recording is longer than LONGEST."""
    filters: list[ColumnElement[bool]] = []
    if stream is not None:
        filters.append(RECORDINGS.c.stream == stream)
    if start is not None:
        begin = to_millis(start)
        filters += [RECORDINGS.c.end > begin, RECORDINGS.c.start > begin - _LONGEST_MS]
    if end is not None:
        filters.append(RECORDINGS.c.start < to_millis(end))
    return filters


def _is(kind: RecordingKind) -> ColumnElement[bool]:
    return RECORDINGS.c.kind == kind.value


async def _all(connection: AsyncConnection, rows: Select[tuple[object, ...]]) -> list[Located]:
    return [_located(row) for row in (await connection.execute(rows)).mappings()]


def _row(located: Located) -> dict[str, object]:
    item = located.item
    return {
        "id": item.id,
        "stream": item.stream,
        "start": to_millis(item.start),
        "end": to_millis(item.end),
        "bytes": item.bytes,
        "kind": item.kind.value,
        "path": located.path,
    }


def _located(row: Row) -> Located:
    item = RecordingItem(
        id=row["id"],
        stream=row["stream"],
        start=from_millis(row["start"]),
        end=from_millis(row["end"]),
        bytes=row["bytes"],
        kind=RecordingKind(row["kind"]),
    )
    return Located(item, row["path"])


_LONGEST_MS = int(LONGEST.total_seconds() * 1000)
