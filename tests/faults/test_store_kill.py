"""What was announced is still there after a kill -9."""

import asyncio
import sys

import pytest
from sqlalchemy import select, text

from tests.unit.store.heard import Clock
from wallflower_sidecar.domain.health import HealthStatus
from wallflower_sidecar.store import Database
from wallflower_sidecar.store.schema import EVENTS, SEGMENTS

pytestmark = pytest.mark.faults


async def announced_until_killed(path, at_least: int) -> list[tuple[str, int]]:
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.store_writer", str(path), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60):
            lines = [await writer.stdout.readline() for _ in range(at_least)]
    finally:
        writer.kill()
        rest, _ = await writer.communicate()
    lines += [line for line in rest.splitlines(keepends=True) if line.endswith(b"\n")]
    return [(identity.decode(), int(number)) for identity, number in map(bytes.split, lines)]


async def test_everything_announced_is_there(tmp_path):
    path = tmp_path / "data" / "wallflower.db"
    announced: list[tuple[str, int]] = []
    for at_least in (1, 7, 60):
        announced += await announced_until_killed(path, at_least)
        database = await Database.open(path, clock=Clock())
        async with database.read() as connection:
            segments = set((await connection.execute(select(SEGMENTS.c.id))).scalars())
            events = dict((await connection.execute(select(EVENTS.c.id, EVENTS.c.segment))).tuples().all())
            found = "SELECT count(*) FROM segments_fts WHERE segments_fts MATCH 'sentence'"
            indexed = (await connection.execute(text(found))).scalar()
        assert {identity for identity, _ in announced} <= segments
        assert all(events[number] == identity for identity, number in announced)
        assert set(events.values()) == segments, "a segment and its event are kept together or not at all"
        assert indexed == len(segments)
        assert database.check().status is HealthStatus.OK
        await database.close()
    assert [number for _, number in announced] == sorted({number for _, number in announced})
