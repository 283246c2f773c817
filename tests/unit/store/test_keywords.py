"""Hits as they are listed and settled, and the rules of all streams."""

from dataclasses import replace

import pytest
from sqlalchemy import insert

from wallflower_sidecar.domain.documents import hit_document
from wallflower_sidecar.domain.errors import FieldError
from wallflower_sidecar.domain.events import EventType, NewEvent
from wallflower_sidecar.domain.keywords import HitState, Match, Rule
from wallflower_sidecar.domain.transcripts import Source, Speaker
from wallflower_sidecar.store import Database, events, keywords, transcripts
from wallflower_sidecar.store.paging import Shown
from wallflower_sidecar.store.schema import HOUSE_RULES

from .heard import MORNING, at, delete, find, folder_holds, hit, keep, segment

EARLY = replace(hit(segment("please help")), segment=None, state=HitState.EARLY)


async def tell_early(database, early):
    async with database.write() as connection:
        await transcripts.insert_hits(connection, [early])
        data = hit_document(early)
        await events.append(connection, [NewEvent(EventType.KEYWORD_DETECTED, data, at(1), early.stream, early.id)])


async def listed(database, **query):
    async with database.read() as connection:
        return (await keywords.list_hits(connection, **query)).items


async def test_a_hit_comes_back_as_it_was_kept(database):
    heard = segment("help me", speaker=Speaker("1", "Ann"))
    kept = replace(hit(heard), source=Source.SIMULATED)
    await keep(database, heard, hits=[kept])
    assert await listed(database) == (kept,)


async def test_hits_are_listed_newest_first_and_filtered(database):
    spoken = [
        segment(f"help {number}", at_s=60 * number, stream="door" if number % 2 else "pool") for number in range(6)
    ]
    await keep(
        database, *spoken, hits=[hit(each, rule_id="sos" if index < 4 else "x") for index, each in enumerate(spoken)]
    )
    texts = [each.text for each in await listed(database)]
    assert texts == ["help 5", "help 4", "help 3", "help 2", "help 1", "help 0"]
    assert [each.text for each in await listed(database, stream="door")] == ["help 5", "help 3", "help 1"]
    assert [each.text for each in await listed(database, rule="x")] == ["help 5", "help 4"]
    assert [each.text for each in await listed(database, start=at(60), end=at(180))] == ["help 2", "help 1"]


async def test_a_cursor_stays_right_while_hits_arrive_at_the_same_moment_and_later(database):
    spoken = [segment(f"help {number}", at_s=number // 2) for number in range(7)]
    await keep(database, *spoken, hits=[hit(each) for each in spoken])
    whole = [each.id for each in await listed(database)]
    paged, cursor = [], None
    while True:
        async with database.read() as connection:
            page = await keywords.list_hits(connection, limit=2, cursor=cursor)
        paged += [each.id for each in page.items]
        late = segment("help late", at_s=100)
        await keep(database, late, hits=[hit(late)])
        cursor = page.next
        if cursor is None:
            break
    assert paged == whole


@pytest.mark.parametrize("cursor", ["nonsense", Shown(5, 1).encode()])
async def test_a_foreign_cursor_is_refused(database, cursor):
    with pytest.raises(FieldError) as caught:
        await listed(database, cursor=cursor)
    assert caught.value.path == "cursor"


async def test_an_early_hit_is_found_until_it_is_settled(database):
    other = replace(EARLY, id=hit(segment("x")).id)
    for each in (EARLY, other):
        await tell_early(database, each)
    heard = segment("please help me")
    await keep(database, heard)
    async with database.write() as connection:
        assert await keywords.early_hits(connection) == sorted([EARLY, other], key=lambda each: each.id)
        confirmed = replace(EARLY, text=heard.text, segment=heard.id, state=HitState.CONFIRMED)
        await keywords.confirm_hit(connection, confirmed)
        retracted = replace(other, state=HitState.RETRACTED)
        assert await keywords.close_hit(connection, retracted)
        assert await keywords.early_hits(connection) == []
    assert set(await listed(database)) == {confirmed, retracted}


async def test_text_with_only_a_retracted_hit_is_not_found_by_its_rule(database):
    heard = segment("please help him")
    await keep(database, heard)
    await tell_early(database, EARLY)
    async with database.write() as connection:
        await keywords.close_hit(connection, replace(EARLY, segment=heard.id, state=HitState.RETRACTED))
    assert await find(database, rule="sos") == []


@pytest.mark.parametrize("state", [HitState.CONFIRMED, HitState.RETRACTED])
async def test_what_was_told_early_is_forgotten_with_its_segment(file_database, state):
    """The early event was told after the end of the segment's own moment."""
    heard = segment("please help them")
    await keep(file_database, heard)
    await tell_early(file_database, EARLY)
    async with file_database.write() as connection:
        await keywords.close_hit(connection, replace(EARLY, segment=heard.id, state=state))
    assert await delete(file_database, start=MORNING, end=at(0.5)) == 1
    assert folder_holds(file_database, "please help") == []
    assert await listed(file_database) == ()


async def test_what_was_told_early_and_has_no_segment_is_forgotten_with_its_time(file_database):
    await tell_early(file_database, EARLY)
    await delete(file_database, start=MORNING, end=at(0.5))
    assert folder_holds(file_database, "please help") == []


async def test_a_hit_that_was_forgotten_is_kept_again_when_confirmed_and_not_when_retracted(database):
    heard = segment("please help me")
    await keep(database, heard)
    async with database.write() as connection:
        assert not await keywords.close_hit(connection, replace(EARLY, state=HitState.RETRACTED))
        await keywords.confirm_hit(connection, replace(EARLY, segment=heard.id, state=HitState.CONFIRMED))
    assert [each.state for each in await listed(database)] == [HitState.CONFIRMED]


async def test_rules_of_all_streams_keep_their_order_and_are_replaced(database):
    rules = [
        Rule("b", "B", ("help",), Match.FUZZY, 90.0, ("no help",), 0.5, 60.0, ("1",), early=True),
        Rule("a", "A", ("fire", "smoke")),
    ]
    async with database.write() as connection:
        await keywords.save_house_rules(connection, rules)
        assert await keywords.load_house_rules(connection) == rules
        await keywords.save_house_rules(connection, rules[1:])
        assert await keywords.load_house_rules(connection) == rules[1:]


async def test_a_rule_of_all_streams_that_cannot_be_read_is_left_out(database, caplog):
    async with database.write() as connection:
        await connection.execute(insert(HOUSE_RULES).values(position=0, document={"id": "x"}))
        assert await keywords.load_house_rules(connection) == []
    assert "Rule 0" in caplog.text


async def test_a_later_hit_of_another_sidecar_hides_none_of_ones_own(postgres_place, clock, tmp_path):
    own = await Database.open(postgres_place, clock=clock)
    other = await Database.open(replace(postgres_place, folder=tmp_path / "other"), clock=clock)
    for database, seconds in ((own, 0), (other, 60)):
        heard = segment("help", at_s=seconds)
        await keep(database, heard, hits=[hit(heard)])
    async with own.read() as connection:
        assert [each.start for each in await keywords.last_hits(connection, at(-60))] == [at(0)]
    await other.close()
    await own.close()
