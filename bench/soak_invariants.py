"""What must be true at the end: every sentence stored once, every event told, the database whole."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
import sqlite3
from typing import Any
import zlib

from rapidfuzz import fuzz

from tests.support.sidecar import Sidecar

from .soak_ledger import Ledger
from .soak_recovery import TOLD_S
from .soak_watch import TYPES, Sighting, Watch, canonical, told

MEETS_S = 0.15
"""A segment that overlaps a sentence by less lies beside it."""

ALIKE = 80.0
MOST_REPLAYED = 90_000
"""The server holds 100,000 events."""

TOLD = 12
"""So many cases of one kind are shown one by one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A stored segment; times in seconds since 1970."""

    text: str
    start: float
    end: float

    def meets(self, start: float, end: float) -> bool:
        """Say whether it overlaps a sentence."""
        return min(self.end, end) - max(self.start, start) > MEETS_S


async def every_page(server: Sidecar, path: str, **filters: str) -> list[dict[str, Any]]:
    """Return the items of all pages of a list."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        parts = {**filters, "limit": "1000", **({"cursor": cursor} if cursor else {})}
        page = await server.request("GET", f"{path}?{'&'.join(f'{name}={value}' for name, value in parts.items())}")
        items += page["items"]
        cursor = page["next"]
        if not cursor:
            return items


async def segments_of(server: Sidecar, stream: str) -> list[Heard]:
    """Return what is stored of a stream, oldest first."""
    found = [
        Heard(item["text"], *(datetime.fromisoformat(item[edge]).timestamp() for edge in ("start", "end")))
        for item in await every_page(server, "/transcripts", stream=stream)
    ]
    return sorted(found, key=lambda each: each.start)


def judge_sentences(
    ledger: Ledger,
    stream: str,
    spoken: Sequence[tuple[str, float, float]],
    heard: Sequence[Heard],
    judged: tuple[float, float],
) -> Counter[str]:
    """Match what was said with what is stored, by time; returns counts and notes violations.

    Only sentences between the two moments `judged`, and away from every fault, are judged. A fault lasts until the
    stream is back, also when it was seen late; a killed engine excuses nothing.
    """
    counts: Counter[str] = Counter(spoken=len(spoken), stored=len(heard))
    for text, begin, end in spoken:
        if begin < judged[0] or end > judged[1] or not ledger.spared(stream, begin, end):
            continue
        counts["judged"] += 1
        met = [each for each in heard if each.meets(begin, end)]
        kind = "once" if len(met) == 1 else "doubled" if met else "missing"
        counts[kind] += 1
        if kind == "once":
            counts["misheard"] += fuzz.ratio(met[0].text.lower(), text.lower()) < ALIKE
        elif counts[kind] <= TOLD:
            ledger.violated(
                "every sentence is stored once",
                f"“{text}” is {kind}: {[each.text for each in met]}; {ledger.neighbours(stream, begin, end)}",
                stream=stream,
                since=begin,
            )
    for each in heard:
        nobody = not any(each.meets(begin, end) for _, begin, end in spoken)
        if nobody and each.start >= judged[0] and each.end <= judged[1] and ledger.spared(stream, each.start, each.end):
            counts["phantoms"] += 1
            ledger.violated(
                "no text where nobody spoke",
                f"“{each.text}”; {ledger.neighbours(stream, each.start, each.end)}",
                stream=stream,
                since=each.start,
            )
    return counts


def judge_calm(ledger: Ledger, stream: str, sightings: Sequence[Sighting], judged: tuple[float, float]) -> None:
    """A stream whose camera is well, and that was back, stays well; a violation for each time it does not."""
    for well, group in groupby(sightings, key=lambda each: each.is_heard):
        episode = list(group)
        begin = episode[0].at
        if well or not judged[0] <= begin <= judged[1] or not _calm(ledger, stream, begin):
            continue
        ledger.violated(
            "a stream whose camera is well stays well",
            f"{told(episode, begin)}; {ledger.neighbours(stream, begin, begin)}",
            stream=stream,
            since=begin,
        )


def _calm(ledger: Ledger, stream: str, at: float) -> bool:
    windows = (*ledger.windows[stream], *ledger.windows[None])
    return not any(window.touches(at, at, after_s=TOLD_S) for window in windows)


async def judge_events(ledger: Ledger, watch: Watch, server: Sidecar, newest: int) -> None:
    """Replay from the beginning up to `newest` and compare with what was told live."""
    after = max(0, newest - MOST_REPLAYED)
    replayed: dict[int, int] = {}
    if newest > after:
        async for event in server.events(after=after, types=TYPES):
            if event.type == "resync":
                ledger.violated("what was told can be replayed", f"resync: {event.data}")
                return
            if event.id is not None and event.id <= newest:
                replayed[event.id] = zlib.crc32(canonical(event.data).encode())
            if event.id is None or event.id >= newest:
                break
    told = {number: check for number, check in watch.heard.items() if after < number <= newest}
    missed, gone = sorted(replayed.keys() - told.keys()), told.keys() - replayed.keys()
    ledger.counts["events of removed recordings"] = len(gone & watch.saved)
    unknown = sorted(gone - watch.saved)
    changed = sorted(number for number, check in replayed.items() if told.get(number, check) != check)
    ledger.counts["events replayed"] = len(replayed)
    for rule, numbers in {
        "every stored event was told": missed,
        "every told event is stored": unknown,
        "an event never changes": changed,
    }.items():
        if numbers:
            ledger.violated(rule, f"{len(numbers)}: {numbers[:TOLD]}")


def judge_database(ledger: Ledger, file: Path) -> None:
    """Look through the database once the sidecar is down; a forgotten event leaves its row, so ids have no gap."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            whole = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
            oldest, newest, count = connection.execute("SELECT min(id), max(id), count(*) FROM events").fetchone()
    except sqlite3.DatabaseError as error:
        ledger.violated("the database is whole", str(error))
        return
    if whole != ["ok"]:
        ledger.violated("the database is whole", "; ".join(map(str, whole[:TOLD])))
    if orphans:
        ledger.violated("no row without its parent", str(orphans[:TOLD]))
    if count and newest - oldest + 1 != count:
        ledger.violated("no gap in the event ids", f"{count} events from {oldest} to {newest}")


def added(counts: Mapping[str, Counter[str]]) -> Counter[str]:
    """The counts of all streams together."""
    total: Counter[str] = Counter()
    for each in counts.values():
        total.update(each)
    return total
