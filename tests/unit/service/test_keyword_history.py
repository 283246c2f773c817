"""A replay beside everything else: in turn, in pieces, over when nobody waits for it, and as it would have been."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert

from tests.unit.store.heard import MORNING, at, keep, segment
from wallflower_sidecar.domain.errors import UnavailableError
from wallflower_sidecar.domain.keywords import Match, Rule
from wallflower_sidecar.service.archive import Archive
from wallflower_sidecar.service.keyword_history import BATCH, MOST_WAITING, KeywordHistory
from wallflower_sidecar.store.rows import segment_to_row
from wallflower_sidecar.store.schema import SEGMENTS

from .conftest import ON_BOTH

pytestmark = ON_BOTH

HELP = Rule("sos", "SOS", ("help me",))


@pytest.fixture
def history(database):
    return KeywordHistory(database, Archive(database))


async def fill(database, texts, *, apart_s=5.0, stream="door"):
    rows = [segment_to_row(segment(text, at_s=apart_s * number, stream=stream)) for number, text in enumerate(texts)]
    async with database.write() as connection:
        await connection.execute(insert(SEGMENTS), rows)


async def found(history, rule, **query):
    _, page = await history.replay(rule, **query)
    return [hit.text for hit in reversed(page.items)]


async def test_it_goes_on_over_the_seam_of_two_batches(history, database):
    texts = ["nothing"] * (BATCH + 10)
    texts[BATCH - 1 : BATCH + 1] = ["please help", "me out"]
    await fill(database, texts)
    assert await found(history, HELP) == ["me out"]


async def test_what_was_said_just_before_the_range_is_heard_and_not_counted(history, database):
    await fill(database, ["help me", "please help", "me out", "help me"])
    assert await found(history, HELP, start=at(10)) == ["me out", "help me"]
    assert await found(history, HELP, start=at(0), end=at(10)) == ["help me"]


async def test_a_cooldown_that_began_before_the_range_goes_on_in_it(history, database):
    await fill(database, ["help me"] * 10, apart_s=60)
    cool = Rule("sos", "SOS", ("help me",), cooldown_s=150)
    assert len(await found(history, cool)) == 4
    assert (await history.replay(cool, start=at(100)))[0] == 3, "one at 0 s, those at 180, 360 and 540 s"


async def test_streams_are_heard_each_for_itself(history, database):
    await keep(database, segment("help"), segment("me", at_s=1, stream="pool"), segment("me too", at_s=4))
    assert await found(history, HELP) == ["me too"]
    assert await found(history, HELP, stream="pool") == []


async def test_the_earliest_moment_is_a_range_too(history, database):
    await fill(database, ["help me"])
    cool = Rule("sos", "SOS", ("help me",), cooldown_s=7 * 86_400)
    assert (await history.replay(cool, start=MORNING.replace(year=1)))[0] == 1


async def test_the_loop_turns_while_it_runs_and_it_ends_when_cancelled(history, database):
    await fill(database, [f"call the polite number {number}" for number in range(2 * BATCH)])
    turns = 0
    replaying = asyncio.create_task(history.replay(Rule("p", "P", ("call the police",), Match.FUZZY)))
    while not replaying.done():
        await asyncio.sleep(0)
        turns += 1
    assert replaying.result()[0] == 2 * BATCH
    assert turns > 10

    cancelled = asyncio.create_task(history.replay(HELP))
    await asyncio.sleep(0.01)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    assert cancelled.cancelled()
    assert await found(history, HELP) == [], "the next one has its turn"


async def test_too_many_at_once_are_refused(history, database):
    await fill(database, ["help me"])
    asked = [asyncio.create_task(history.replay(HELP)) for _ in range(MOST_WAITING + 4)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    refused = [result for result in results if isinstance(result, UnavailableError)]
    assert len(refused) == 3
    assert all(result[0] == 1 for result in results if result not in refused)


async def test_hits_at_the_same_moment_are_paged_without_gap_or_repetition(history, database):
    for stream in ("a", "b", "c", "d", "e"):
        await fill(database, ["help me", "help me"], stream=stream)
    seen, cursor = [], None
    while True:
        count, page = await history.replay(HELP, limit=3, cursor=cursor)
        assert count == 10
        seen += [(hit.start, hit.id) for hit in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 10
    assert seen == sorted(seen, reverse=True)
    assert seen[0][0] - seen[-1][0] == timedelta(seconds=5)
