"""Hits found again and settled, and the rules of all streams."""

from collections.abc import Sequence
from datetime import datetime
import json
import logging
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Text,
    and_,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.clock import from_millis, to_millis
from ..domain.keywords import Hit, HitState, Rule
from ..domain.transcripts import Segment, Source, Speaker
from .columns import mine
from .paging import After, Page, decode_after
from .rows import hit_from_row, hit_to_row, rule_from_document, rule_to_document
from .schema import EVENTS, HITS, HOUSE_RULES, SEGMENTS
from .search import in_range
from .transcripts import insert_hits

_KEPT = [
    SEGMENTS.c[name]
    for name in (
        "id",
        "stream",
        "start",
        "end",
        "text",
        "language",
        "confidence",
        "speaker_id",
        "speaker_name",
        "source",
    )
]

type KeptText = Row[Any]
"""What is read of a segment to hold rules against it."""

LOGGER = logging.getLogger(__name__)


async def confirm_hit(connection: AsyncConnection, hit: Hit) -> None:
    """Keep an early hit as the final text made it; it and its event belong to the segment from now on."""
    changed = await connection.execute(update(HITS).where(HITS.c.id == hit.id).values(hit_to_row(hit)))
    if not changed.rowcount:
        await insert_hits(connection, [hit])  # what was forgotten since it was told
    await _belongs(connection, hit)


async def close_hit(connection: AsyncConnection, hit: Hit) -> bool:
    """Note an early hit's state and segment, and nothing that was said since; False if it is not held (any more)."""
    values = {"state": hit.state.value, "segment": hit.segment}
    changed = await connection.execute(update(HITS).where(HITS.c.id == hit.id).values(values))
    await _belongs(connection, hit)
    return changed.rowcount > 0


async def early_hits(connection: AsyncConnection) -> list[Hit]:
    """Return the hits that were neither confirmed nor retracted, oldest first."""
    query = select(HITS).where(mine(HITS), HITS.c.state == HitState.EARLY.value).order_by(HITS.c.start, HITS.c.id)
    return [hit_from_row(row) for row in (await connection.execute(query)).mappings()]


async def last_hits(connection: AsyncConnection, since: datetime) -> list[Hit]:
    """Return the newest hit of each rule of each stream that began at or after a time, retracted ones left out."""
    counted = HITS.alias()
    newest = (
        select(counted.c.stream, counted.c.rule_id, func.max(counted.c.start).label("start"))
        .where(mine(counted), counted.c.start >= to_millis(since), counted.c.state != HitState.RETRACTED.value)
        .group_by(counted.c.stream, counted.c.rule_id)
        .subquery()
    )
    same = and_(*(HITS.c[name] == newest.c[name] for name in ("stream", "rule_id", "start")))
    query = select(HITS).join(newest, same).where(mine(HITS), HITS.c.state != HitState.RETRACTED.value)
    return [hit_from_row(row) for row in (await connection.execute(query)).mappings()]


async def list_hits(
    connection: AsyncConnection,
    *,
    stream: str | None = None,
    rule: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[Hit]:
    """Return hits that begin in [start, end), newest first; raises FieldError("cursor")."""
    query = select(HITS).where(*_conditions(stream, rule, start, end))
    if (after := decode_after(cursor)) is not None:
        query = query.where(tuple_(HITS.c.start, HITS.c.id) < tuple_(literal(after.start), literal(after.id)))
    query = query.order_by(HITS.c.start.desc(), HITS.c.id.desc()).limit(limit + 1)
    rows = (await connection.execute(query)).mappings().all()
    items = tuple(hit_from_row(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items, None)
    last = rows[limit - 1]
    return Page(items, After(last["start"], last["id"]).encode())


async def kept_texts(
    connection: AsyncConnection,
    *,
    stream: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    after: After | None = None,
    limit: int,
) -> Sequence[KeptText]:
    """Return what was said in [start, end), oldest first, as rows that `segment_of` reads."""
    query = select(*_KEPT).where(*in_range(stream, start, end)).order_by(SEGMENTS.c.start, SEGMENTS.c.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(SEGMENTS.c.start, SEGMENTS.c.id) > tuple_(literal(after.start), literal(after.id)))
    return (await connection.execute(query)).all()


def segment_of(kept: KeptText) -> Segment:
    """The segment of such a row, without its words."""
    segment_id, stream, start, end, text, language, confidence, speaker_id, speaker_name, source = kept
    return Segment(
        id=segment_id,
        stream=stream,
        start=from_millis(start),
        end=from_millis(end),
        text=text,
        language=language,
        confidence=confidence,
        speaker=None if speaker_id is None else Speaker(speaker_id, speaker_name),
        source=Source(source),
    )


async def load_house_rules(connection: AsyncConnection) -> list[Rule]:
    """Return the rules of all streams in their order; one that cannot be read is left out, and the log says so."""
    query = select(HOUSE_RULES.c.position, cast(HOUSE_RULES.c.document, Text).label("document"))
    query = query.where(mine(HOUSE_RULES))
    rules = []
    for row in await connection.execute(query.order_by(HOUSE_RULES.c.position)):
        try:
            rules.append(rule_from_document(json.loads(row.document)))
        except (LookupError, TypeError, ValueError) as error:
            LOGGER.warning("Rule %d of all streams cannot be read (%s)", row.position, type(error).__name__)
    return rules


async def save_house_rules(connection: AsyncConnection, rules: Sequence[Rule]) -> None:
    """Keep these rules of all streams in the place of those before."""
    await connection.execute(delete(HOUSE_RULES).where(mine(HOUSE_RULES)))
    if rules:
        rows = [{"position": at, "document": rule_to_document(rule)} for at, rule in enumerate(rules)]
        await connection.execute(insert(HOUSE_RULES), rows)


async def _belongs(connection: AsyncConnection, hit: Hit) -> None:
    """Until now the hit's id stood in its event for the segment that there was not yet."""
    if hit.segment is not None:
        await connection.execute(
            update(EVENTS).where(mine(EVENTS), EVENTS.c.segment == hit.id).values(segment=hit.segment)
        )


def _conditions(
    stream: str | None, rule: str | None, start: datetime | None, end: datetime | None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if stream is not None:
        conditions.append(HITS.c.stream == stream)
    if rule is not None:
        conditions.append(HITS.c.rule_id == rule)
    if start is not None:
        conditions.append(HITS.c.start >= to_millis(start))
    if end is not None:
        conditions.append(HITS.c.start < to_millis(end))
    return conditions
