"""A million segments: how fast they are kept, found (against LIKE), written out and opened, and how large they are."""

import argparse
import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import batched, islice
from pathlib import Path
import sys
import tempfile
import time
from typing import Any

from sqlalchemy import func, select

from tests.support.postgres import cluster
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.documents import segment_document
from wallflower_sidecar.domain.events import EventType, NewEvent
from wallflower_sidecar.domain.export_formats import ExportFormat, render
from wallflower_sidecar.domain.transcripts import Segment
from wallflower_sidecar.service.archive import Archive
from wallflower_sidecar.store import Database, PostgresPlace, events, transcripts
from wallflower_sidecar.store.schema import SEGMENTS

from .report import percentile, table, write
from .store_corpus import segments, sentences
from .store_queries import Query, queries

AT_ONCE = 5_000
ONE_BY_ONE = 2_000
"""Segments kept as the service keeps them: each with its event in a transaction of its own."""

AS_INSTALLED = {"listen_addresses": ""}
"""A server as it comes, 128 MB of buffers and fsync among that, on a socket."""

PAGE = 100
SAMPLE = 20_000
"""What is looked for comes from so many of the first segments."""


async def fill(database: Database, said: Sequence[Segment] | Any) -> tuple[int, float]:
    """Keep segments, many in a transaction; returns how many and in how many seconds."""
    began, count = time.perf_counter(), 0
    for batch in batched(said, AT_ONCE, strict=False):
        async with database.write() as connection:
            await transcripts.insert_segments(connection, batch)
        count += len(batch)
        if count % 100_000 == 0:
            print(f"{count:,} segments, {count / (time.perf_counter() - began):,.0f}/s", file=sys.stderr)
    return count, time.perf_counter() - began


async def keep_one_by_one(database: Database, said: Sequence[Segment]) -> float:
    """Keep segments as the service does; returns the seconds."""
    began = time.perf_counter()
    for segment in said:
        async with database.write() as connection:
            await transcripts.insert_segment(connection, segment)
            told = NewEvent(
                EventType.TRANSCRIPT_FINAL, segment_document(segment), segment.end, segment.stream, segment.id
            )
            await events.append(connection, [told])
    return time.perf_counter() - began


async def ours(archive: Archive, query: Query) -> float:
    """Search as the API does; returns milliseconds."""
    began = time.perf_counter()
    page = await archive.search(q=query.q, limit=PAGE)
    assert page.items or query.kind in {"phrase", "two words"}, query
    return (time.perf_counter() - began) * 1000


async def like(database: Database, query: Query) -> float:
    """Search as one would without an index, the newest first; returns milliseconds."""
    began = time.perf_counter()
    rows = select(SEGMENTS).where(*(SEGMENTS.c.text.icontains(word, autoescape=True) for word in query.likes))
    rows = rows.order_by(SEGMENTS.c.start.desc(), SEGMENTS.c.id.desc())
    async with database.read() as connection:
        (await connection.execute(rows)).mappings().fetchmany(PAGE)
    return (time.perf_counter() - began) * 1000


async def export(archive: Archive, count: int) -> dict[str, float]:
    """Write everything out in each format; returns segments a second."""
    rates = {}
    for kind in (ExportFormat.JSON, ExportFormat.SRT):
        began = time.perf_counter()
        async for _ in render(kind, await archive.export()):
            pass
        rates[kind.value] = count / (time.perf_counter() - began)
    return rates


async def measure(place: Path | PostgresPlace, count: int, asked: int, likes: int) -> dict[str, Any]:
    """Fill a database and ask it."""
    said = sentences()
    supply = segments(count + ONE_BY_ONE, said)
    began = time.perf_counter()
    database = await Database.open(place, clock=SystemClock())
    figures: dict[str, Any] = {"open empty, s": time.perf_counter() - began}
    try:
        kept, took_s = await fill(database, islice(supply, count))
        figures["kept at once, a second"] = kept / took_s
        single = list(supply)
        figures["kept one by one, a second"] = len(single) / await keep_one_by_one(database, single)
        texts = [segment.text for segment in segments(min(SAMPLE, count + ONE_BY_ONE), said)]
        archive = Archive(database)
        searched = [(query.kind, await ours(archive, query)) for query in queries(texts, asked)]
        peers = [(query.kind, await like(database, query)) for query in queries(texts, likes)]
        figures["search, ms"] = summary(searched)
        figures["LIKE, ms"] = summary(peers)
        figures["written out, a second"] = await export(archive, kept + len(single))
        if isinstance(place, PostgresPlace):
            figures["bytes a segment"] = await size_on_server(database) / (kept + len(single))
    finally:
        await database.close()
    if isinstance(place, Path):
        size = sum(file.stat().st_size for file in place.parent.iterdir())
        figures["bytes a segment"] = size / (kept + len(single))
    began = time.perf_counter()
    again = await Database.open(place, clock=SystemClock())
    figures["open full, s"] = time.perf_counter() - began
    await again.close()
    return figures


async def size_on_server(database: Database) -> int:
    """Return the bytes of all tables and indexes, the server's own included."""
    async with database.read() as connection:
        return int((await connection.execute(select(func.pg_database_size(func.current_database())))).scalar_one())


@contextmanager
def databases(kinds: Collection[str]) -> Iterator[dict[str, Path | PostgresPlace]]:
    """Empty databases, gone after the block."""
    with tempfile.TemporaryDirectory(prefix="wallflower-bench-") as folder, ExitStack() as stack:
        places: dict[str, Path | PostgresPlace] = {}
        if "sqlite" in kinds:
            places["SQLite"] = Path(folder) / "file" / "wallflower.db"
        if "postgresql" in kinds:
            server = stack.enter_context(cluster(AS_INSTALLED))
            if server is None:
                raise SystemExit(
                    "PostgreSQL's server is not installed; script/setup --postgresql does it where apt may"
                )
            places["PostgreSQL"] = PostgresPlace(asyncio.run(server.new_database()), Path(folder) / "server")
        yield places


def summary(taken: Sequence[tuple[str, float]]) -> dict[str, tuple[float, float]]:
    """Return p50 and p95 of all and of each kind."""
    kinds = ("all", *dict.fromkeys(kind for kind, _ in taken))
    values = {kind: [ms for each, ms in taken if kind in {"all", each}] for kind in kinds}
    return {kind: (percentile(each, 0.5), percentile(each, 0.95)) for kind, each in values.items()}


def show(name: str, count: int, figures: dict[str, Any]) -> None:
    """Print what was measured."""
    rows = [
        [kind, *figures["search, ms"][kind], *figures["LIKE, ms"][kind], *_ratio(figures, kind)]
        for kind in figures["search, ms"]
    ]
    table(
        f"{name}: the best {PAGE} of the newest 2,000 matches among {count:,} segments, against unlimited LIKE",
        ("query", "p50 ms", "p95 ms", "LIKE p50 ms", "LIKE p95 ms", "p50 ÷ LIKE", "p95 ÷ LIKE"),
        rows,
    )
    rates = figures["written out, a second"]
    table(
        f"{name}: the rest",
        ("kept at once /s", "one by one /s", "JSON out /s", "SRT out /s", "bytes a segment", "open empty s", "full s"),
        [
            [
                *(round(figures[each]) for each in ("kept at once, a second", "kept one by one, a second")),
                *(round(rates[each]) for each in ("json", "srt")),
                round(figures["bytes a segment"]),
                figures["open empty, s"],
                figures["open full, s"],
            ]
        ],
    )


def _ratio(figures: dict[str, Any], kind: str) -> list[float]:
    mine, peer = figures["search, ms"][kind], figures["LIKE, ms"][kind]
    return [mine[0] / peer[0], mine[1] / peer[1]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="script/bench store", description=__doc__)
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--like-queries", type=int, default=20, help="LIKE takes about a second for each")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="only this one")
    options = parser.parse_args()
    found: dict[str, Any] = {"segments": options.segments}
    with databases([options.database] if options.database else ["sqlite", "postgresql"]) as places:
        for name, place in places.items():
            found[name] = asyncio.run(measure(place, options.segments, options.queries, options.like_queries))
            show(name, options.segments, found[name])
    print(write("store", found))


if __name__ == "__main__":
    main()
