"""A connection lost in the middle of a COMMIT: whatever became of it is found out before anything else is written."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.breaking_line import BreakingLine, breaking_line
from tests.support.postgres import Cluster
from tests.support.waiting import eventually
from tests.unit.service.probing import told
from tests.unit.speech.utterances import silent_utterance
from tests.unit.store.heard import stream
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.errors import UnavailableError
from wallflower_sidecar.domain.events import Event
from wallflower_sidecar.domain.keywords import Rule
from wallflower_sidecar.domain.transcripts import Transcript
from wallflower_sidecar.service import Service
from wallflower_sidecar.settings import load_settings
from wallflower_sidecar.store import Database, PostgresPlace

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]


@pytest.fixture
async def line(postgres: Cluster) -> AsyncIterator[BreakingLine]:
    async with breaking_line(postgres.folder) as line:
        yield line


@pytest.fixture
async def service(postgres: Cluster, line: BreakingLine, tmp_path: Path) -> AsyncIterator[Service]:
    url = (await postgres.new_database()).replace(str(postgres.folder), str(line.folder))
    clock = SystemClock()
    database = await Database.open(PostgresPlace(url, tmp_path), clock=clock, as_sidecar=True)
    yield Service(load_settings({"WALLFLOWER_DATA_DIR": str(tmp_path)}).settings, database, clock)
    await database.close()


async def read(events: AsyncIterator[Event], into: list[Event]) -> None:
    async for event in events:
        into += [event]


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_sentence_is_stored_and_told_exactly_once(
    service: Service, line: BreakingLine, *, arrives: bool
) -> None:
    await service.streams.put(stream(keywords=(Rule("sos", "SOS", ("help",)),)))
    live: list[Event] = []
    async with service.events.open() as events, asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(read(events, live)), tasks.create_task(service.transcripts.run())]
        line.break_at_commit(arrives=arrives)
        for text in ("please help", "the second"):
            service._listening.heard(silent_utterance(2.0, "door"), Transcript(text, "en", 0.9))
        await eventually(lambda: len(live) == 3, timeout_s=20)
        for task in running:
            task.cancel()

    assert line.broken == 1
    assert [event.type.value for event in live] == ["transcript.final", "keyword.detected", "transcript.final"]
    assert live == (await told(service))[1:], "who listened was told what is stored, in its order"
    kept = (await service.archive.search()).items
    assert sorted(found.segment.text for found in kept) == ["please help", "the second"]


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_change_that_was_committed_is_acted_on_though_nobody_was_answered(
    service: Service, line: BreakingLine, *, arrives: bool
) -> None:
    line.break_at_commit(arrives=arrives)
    with pytest.raises(UnavailableError):
        await service.streams.put(stream("pool"))
    await service.streams.put(stream("door"))
    assert [each.id for each in service.streams.all()] == (["door", "pool"] if arrives else ["door"])
    assert [event.stream for event in await told(service)] == (["pool", "door"] if arrives else ["door"])


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_removal_that_was_committed_is_acted_on_though_nobody_was_answered(
    service: Service, line: BreakingLine, *, arrives: bool
) -> None:
    await service.streams.put(stream("pool"))
    line.break_at_commit(arrives=arrives)
    with pytest.raises(UnavailableError):
        await service.streams.delete("pool", purge=False)
    await service.streams.put(stream("door"))
    assert [each.id for each in service.streams.all()] == (["door"] if arrives else ["door", "pool"])
    assert {"pool"} & service._capture._captures.keys() == (set() if arrives else {"pool"})
    assert [event.stream for event in await told(service)] == ["pool", *["pool"] * arrives, "door"]
