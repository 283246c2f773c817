"""Segments, hits and events to fill a database with."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from wallflower_sidecar.domain.documents import hit_document, segment_document
from wallflower_sidecar.domain.events import EventType, NewEvent
from wallflower_sidecar.domain.keywords import Hit
from wallflower_sidecar.domain.streams import Stream
from wallflower_sidecar.domain.transcripts import Segment, Word, new_id
from wallflower_sidecar.store import Database, events, transcripts
from wallflower_sidecar.store.sqlite_backend import SqliteBackend

MORNING = datetime(2026, 11, 22, 7, 20, 42, 125_000, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = MORNING

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


def at(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def stream(stream_id: str = "door", **changes: Any) -> Stream:
    return Stream(**{"id": stream_id, "name": stream_id.title(), "url": f"rtsp://u:pw@10.0.0.1/{stream_id}", **changes})


def segment(text: str, *, at_s: float = 0.0, stream: str = "door", **changes: Any) -> Segment:
    start = at(at_s)
    words = tuple(
        Word(
            word, start + timedelta(milliseconds=200 * index), start + timedelta(milliseconds=200 * index + 150), 0.875
        )
        for index, word in enumerate(text.split(" "))
    )
    fields = {"id": new_id(), "language": "en", "confidence": 0.9, "words": words, **changes}
    return Segment(stream=stream, start=start, end=start + timedelta(seconds=2), text=text, **fields)


def hit(heard: Segment, phrase: str = "help", rule_id: str = "sos", **changes: Any) -> Hit:
    fields = {"id": new_id(), "rule_id": rule_id, "rule_name": rule_id.upper(), "phrase": phrase, **changes}
    return Hit(
        stream=heard.stream,
        text=heard.text,
        start=heard.start,
        end=heard.end,
        confidence=heard.confidence,
        speaker=heard.speaker,
        segment=heard.id,
        **fields,
    )


def copies(heard: Segment, hits: Sequence[Hit] = ()) -> list[NewEvent]:
    """The events of a segment and its hits, as the service makes them."""
    return [
        NewEvent(EventType.TRANSCRIPT_FINAL, segment_document(heard), heard.end, heard.stream, heard.id),
        *(NewEvent(EventType.KEYWORD_DETECTED, hit_document(hit), heard.end, heard.stream, heard.id) for hit in hits),
    ]


async def keep(database: Database, *segments: Segment, hits: Sequence[Hit] = ()) -> None:
    """Store segments with their hits and events, one transaction each."""
    for each in segments:
        mine = [hit for hit in hits if hit.segment == each.id]
        async with database.write() as connection:
            await transcripts.insert_segment(connection, each)
            await transcripts.insert_hits(connection, mine)
            await events.append(connection, copies(each, mine))


async def find(database: Database, **query: Any) -> list[str]:
    """The texts that a search finds, all pages."""
    texts: list[str] = []
    cursor = None
    while True:
        async with database.read() as connection:
            page = await transcripts.search(connection, cursor=cursor, **query)
        texts += [found.segment.text for found in page.items]
        cursor = page.next
        if cursor is None:
            return texts


def file_of(database: Database) -> Path:
    """Where a database that is a file is."""
    assert isinstance(database._backend, SqliteBackend)
    return database._backend.path


def folder_holds(database: Database, needle: str) -> list[str]:
    """The names of the data folder's files in which this text occurs; for a database that is a file there."""
    files = sorted(file for file in file_of(database).parent.iterdir() if file.is_file())
    return [file.name for file in files if needle.encode() in file.read_bytes()]


async def delete(
    database: Database, *, stream: str | None = None, start: datetime | None = None, end: datetime | None = None
) -> int:
    """Forget what was said, as the service does; returns how many segments are gone."""
    async with database.erase() as connection:
        return await transcripts.forget(connection, stream=stream, start=start, end=end)
