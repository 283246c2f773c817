"""Early hits: each told once and settled once, whatever becomes of what was being said."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.speech.utterances import silent_utterance
from tests.unit.store.heard import folder_holds, stream
from wallflower_sidecar.domain.errors import UnavailableError
from wallflower_sidecar.domain.events import EventType
from wallflower_sidecar.domain.keywords import HitState, Rule
from wallflower_sidecar.domain.streams import StorePolicy
from wallflower_sidecar.domain.transcripts import Hints, Transcript
from wallflower_sidecar.service import Service
from wallflower_sidecar.service.early_hits import LOST_AFTER_S
from wallflower_sidecar.store import keywords as stored

from .probing import hear, told, write_protected, write_reports, writer_taken

EARLY = Rule("sos", "SOS", ("help",), early=True, excluded=("no help",))
FIRE = Rule("fire", "Fire", ("fire",), early=True)
LATE = Rule("late", "Late", ("please",))

DETECTED, CONFIRMED, RETRACTED = "keyword.detected", "keyword.confirmed", "keyword.retracted"


def text(words, confidence=0.9):
    return Transcript(words, "en", confidence)


async def begin(service, name="door", at_s=0.0):
    """Somebody begins to speak."""
    utterance = silent_utterance(2.0, name)
    moved = timedelta(seconds=at_s)
    utterance = replace(utterance, start=utterance.start + moved, end=utterance.end + moved)
    service._reports.speech_started(name, utterance.id, utterance.start)
    await write_reports(service)
    return utterance


async def draft(service, utterance, words, confidence=0.9):
    service._listening.drafted(utterance, text(words, confidence))
    await service._early._write()


async def end(service, utterance, words):
    service._reports.speech_ended(utterance.stream, utterance.id, utterance.end)
    service._early.handed_over(utterance.id)
    await hear(service, utterance, text(words))
    await service._early._write()


async def keyword_events(service):
    return [event for event in await told(service) if event.type.value.startswith("keyword.")]


async def states(service):
    """What was told of each hit, in order: the event's end and the rule."""
    return [(event.type.value.partition(".")[2], event.data["rule"]["id"]) for event in await keyword_events(service)]


async def kept(database):
    async with database.read() as connection:
        return {hit.id: hit for hit in (await stored.list_hits(connection)).items}


async def test_it_is_told_while_it_is_spoken_and_confirmed_by_the_final_text(service, database):
    await service.streams.put(stream(keywords=(EARLY, LATE)))
    utterance = await begin(service)
    for words in ("please", "please help", "please help me"):
        await draft(service, utterance, words)
    (early,) = await keyword_events(service)
    assert (early.type.value, early.data["state"], early.data["segment"]) == (DETECTED, "early", None)
    assert early.data["text"] == "please help"
    assert (await kept(database))[early.data["id"]].state is HitState.EARLY

    await end(service, utterance, "Please help me now.")
    final, confirmed, late = (await told(service))[-3:]
    assert final.type is EventType.TRANSCRIPT_FINAL
    assert (confirmed.type.value, confirmed.data["id"]) == (CONFIRMED, early.data["id"])
    assert (confirmed.data["state"], confirmed.data["segment"]) == ("confirmed", final.data["id"])
    assert confirmed.data["text"] == "Please help me now."
    assert (late.type.value, late.data["rule"]["id"], late.data["state"]) == (DETECTED, "late", "confirmed")
    hit = (await kept(database))[early.data["id"]]
    assert (hit.state, hit.segment, hit.text) == (HitState.CONFIRMED, final.data["id"], "Please help me now.")


@pytest.mark.parametrize("words", ["Please, kelp me.", "We need no help."])
async def test_it_is_retracted_when_the_final_text_says_otherwise(service, database, words):
    await service.streams.put(stream(keywords=(EARLY,)))
    utterance = await begin(service)
    await draft(service, utterance, "please help")
    await end(service, utterance, words)
    assert await states(service) == [("detected", "sos"), ("retracted", "sos")]
    first, second = await keyword_events(service)
    assert second.data == {**first.data, "state": "retracted", "segment": second.data["segment"]}
    (hit,) = (await kept(database)).values()
    assert hit.state is HitState.RETRACTED
    assert (await service.archive.search(rule="sos")).items == ()


async def test_a_final_text_that_comes_before_the_early_hit_is_told_makes_one_ordinary_hit(service, database):
    await service.streams.put(stream(keywords=(replace(EARLY, cooldown_s=60),)))
    utterance = await begin(service)
    service._listening.drafted(utterance, text("please help"))
    await end(service, utterance, "Please help!")
    (event,) = await keyword_events(service)
    assert (event.type.value, event.data["state"]) == (DETECTED, "confirmed")
    assert len(await kept(database)) == 1


async def never_text(service, utterance):
    service._reports.speech_ended(utterance.stream, utterance.id, utterance.end)
    await hear(service, utterance, text(""))


async def given_up(service, utterance):
    service._scheduler.submit(utterance, Hints())
    service._scheduler._give_up([service._scheduler._queue.take(set())], "a test gives it up")


async def switched_off(service, utterance):
    await service.streams.patch(utterance.stream, lambda known: replace(known, transcribe=False))


async def switched_off_in_between(service, utterance):
    await service.streams.patch(utterance.stream, lambda known: replace(known, enabled=False))
    service._reports.utterance_ready(utterance)


async def lost_with_its_session(service, utterance):
    service._reports.speech_ended(utterance.stream, utterance.id, utterance.end)
    await write_reports(service)
    service._early._give_up_lost()
    await service._early._write()
    assert len(await keyword_events(service)) == 1, "its sound may still come"
    service._clock.at += timedelta(seconds=LOST_AFTER_S)
    service._early._give_up_lost()


async def stream_removed(service, utterance):
    await service.streams.delete(utterance.stream, purge=False)


@pytest.mark.parametrize(
    "fate", [never_text, given_up, switched_off, switched_off_in_between, lost_with_its_session, stream_removed]
)
async def test_it_is_retracted_when_there_will_be_no_text(service, database, fate):
    await service.streams.put(stream(keywords=(EARLY,)))
    utterance = await begin(service)
    await draft(service, utterance, "please help")
    await fate(service, utterance)
    await service._early._write()
    assert await states(service) == [("detected", "sos"), ("retracted", "sos")]
    (hit,) = (await kept(database)).values()
    assert (hit.state, hit.segment) == (HitState.RETRACTED, None)
    assert service._early._open == {}


async def test_of_a_removed_stream_the_removal_is_told_last(service):
    await service.streams.put(stream(keywords=(EARLY,)))
    utterance = await begin(service)
    await draft(service, utterance, "please help")
    await stream_removed(service, utterance)
    assert [event.type.value for event in await told(service)][-2:] == [RETRACTED, "stream.removed"]


async def test_of_a_purged_stream_nothing_is_left_and_listeners_hear_of_the_retraction(service, database):
    await service.streams.put(stream(keywords=(EARLY,)))
    utterance = await begin(service)
    await draft(service, utterance, "a secret help")
    async with service.events.open(types=frozenset({EventType.KEYWORD_RETRACTED})) as events:
        await service.streams.delete("door", purge=True)
        assert (await anext(events)).id is None
    assert [event.type.value for event in await told(service)] == ["transcript.forgotten", "stream.removed"]
    assert folder_holds(database, "a secret help") == []


async def test_what_a_crash_left_over_is_retracted_at_the_start(service, settings, database, clock):
    await service.streams.put(stream(keywords=(EARLY, FIRE)))
    await draft(service, await begin(service), "help, fire")
    again = Service(settings, database, clock)
    await again.streams.load()
    await again._early.retract_left_over()
    assert await states(again) == [
        ("detected", "sos"),
        ("detected", "fire"),
        ("retracted", "sos"),
        ("retracted", "fire"),
    ]
    assert {hit.state for hit in (await kept(database)).values()} == {HitState.RETRACTED}
    newest = (await told(again))[-1].id
    await again._early.retract_left_over()
    assert await told(again, newest) == []


@pytest.mark.parametrize(
    ("policy", "on_disk"),
    [(StorePolicy.ALL, True), (StorePolicy.TEXT, True), (StorePolicy.KEYWORDS, True), (StorePolicy.NOTHING, False)],
)
@pytest.mark.parametrize(("final", "outcome"), [("a secret help", CONFIRMED), ("a secret kelp", RETRACTED)])
async def test_every_policy_tells_all_and_keeps_what_it_says(service, database, policy, on_disk, final, outcome):
    await service.streams.put(stream(store=policy, keywords=(EARLY,)))
    types = frozenset({EventType(DETECTED), EventType(outcome)})
    async with service.events.open(types=types) as events:
        utterance = await begin(service)
        await draft(service, utterance, "a secret help")
        await end(service, utterance, final)
        async with asyncio.timeout(5):
            seen = [await anext(events) for _ in range(2)]
    assert [event.type.value for event in seen] == [DETECTED, outcome]
    assert len({event.data["id"] for event in seen}) == 1
    assert [event.id is not None for event in seen] == [on_disk, on_disk]
    assert bool(folder_holds(database, "a secret help")) is on_disk
    if policy in {StorePolicy.KEYWORDS, StorePolicy.NOTHING} and outcome == RETRACTED:
        assert folder_holds(database, "a secret kelp") == []


async def test_a_policy_that_became_strict_meanwhile_adds_nothing_to_the_disk(service, database):
    await service.streams.put(stream(keywords=(EARLY, FIRE)))
    utterance = await begin(service)
    await draft(service, utterance, "help, a fire")
    await service.streams.patch("door", lambda known: replace(known, store=StorePolicy.NOTHING))
    newest = (await told(service))[-1].id
    await end(service, utterance, "help, a private word")
    assert folder_holds(database, "a private word") == []
    assert [event.type.value for event in await told(service, newest)] == []
    assert {hit.rule_id: hit.state for hit in (await kept(database)).values()} == {
        "sos": HitState.CONFIRMED,
        "fire": HitState.RETRACTED,
    }


async def test_the_cooldown_counts_an_early_hit_and_not_a_retracted_one(service):
    await service.streams.put(stream(keywords=(replace(EARLY, cooldown_s=60),)))
    first = await begin(service)
    await draft(service, first, "help")
    second = await begin(service, at_s=5)
    await draft(service, second, "help")
    assert await states(service) == [("detected", "sos")]
    await end(service, first, "kelp")
    await draft(service, second, "help again")
    await end(service, second, "Help again!")
    third = await begin(service, at_s=10)
    await draft(service, third, "help")
    await end(service, third, "Help!")
    assert await states(service) == [
        ("detected", "sos"),
        ("retracted", "sos"),
        ("detected", "sos"),
        ("confirmed", "sos"),
    ]


async def test_min_confidence_holds_for_drafts_and_for_the_final(service):
    await service.streams.put(stream(keywords=(replace(EARLY, min_confidence=0.8),)))
    utterance = await begin(service)
    await draft(service, utterance, "help", confidence=0.7)
    assert await states(service) == []
    await draft(service, utterance, "help me", confidence=0.8)
    service._reports.speech_ended("door", utterance.id, utterance.end)
    await hear(service, utterance, text("Help me", 0.7))
    assert await states(service) == [("detected", "sos"), ("retracted", "sos")]


async def test_a_rule_that_is_not_early_waits_for_the_final_and_one_that_is_gone_is_retracted(service):
    await service.streams.put(stream(keywords=(EARLY, LATE)))
    utterance = await begin(service)
    await draft(service, utterance, "please help")
    await service.streams.patch("door", lambda known: replace(known, keywords=(LATE,)))
    await end(service, utterance, "Please help!")
    assert await states(service) == [("detected", "sos"), ("detected", "late"), ("retracted", "sos")]


async def test_a_phrase_may_begin_in_the_utterance_before(service):
    await service.streams.put(stream(keywords=(Rule("p", "P", ("call the police",), early=True),)))
    first = await begin(service)
    await end(service, first, "Somebody call the")
    second = await begin(service, at_s=3)
    await draft(service, second, "police")
    await end(service, second, "Police!")
    assert await states(service) == [("detected", "p"), ("confirmed", "p")]


async def test_what_cannot_be_written_is_told_once_it_can_be(service, database):
    await service.streams.put(stream(keywords=(EARLY,)))
    utterance = await begin(service)
    async with write_protected(database):
        with pytest.raises(UnavailableError):
            await draft(service, utterance, "help")
    await draft(service, utterance, "help me")
    await end(service, utterance, "Help me!")
    assert await states(service) == [("detected", "sos"), ("confirmed", "sos")]


async def test_a_final_that_waits_for_the_disk_settles_the_hit_once_and_its_cooldown_holds(service, database):
    await service.streams.put(stream(keywords=(replace(EARLY, cooldown_s=60), replace(LATE, cooldown_s=60))))
    utterance = await begin(service)
    await draft(service, utterance, "help")
    async with write_protected(database):
        await hear(service, utterance, text("please help"))
        assert await states(service) == [("detected", "sos")]
    again = await begin(service, at_s=5)
    await end(service, again, "please help")
    assert await states(service) == [("detected", "sos"), ("confirmed", "sos"), ("detected", "late")]


async def test_a_final_that_is_given_up_leaves_the_hit_to_be_retracted_and_its_cooldown_free(service, database):
    await service.streams.put(stream(keywords=(replace(EARLY, cooldown_s=60), replace(LATE, cooldown_s=60))))
    utterance = await begin(service)
    await draft(service, utterance, "help")
    async with database.write() as connection:
        await connection.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON segments BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    await hear(service, utterance, text("please help"))
    async with database.write() as connection:
        await connection.exec_driver_sql("DROP TRIGGER broken")
    await service._early._write()
    assert await states(service) == [("detected", "sos"), ("retracted", "sos")]
    again = await begin(service, at_s=5)
    await end(service, again, "please help")
    assert (await states(service))[2:] == [("detected", "sos"), ("detected", "late")]


async def test_a_draft_that_waits_for_the_disk_while_its_final_is_kept_is_not_told_twice(service, database):
    await service.streams.put(stream(keywords=(EARLY,)))
    utterance = await begin(service)
    async with writer_taken(database):
        finals = asyncio.create_task(hear(service, utterance, text("Help!")))
        await asyncio.sleep(0)
        service._listening.drafted(utterance, text("help"))
        telling = asyncio.create_task(service._early._write())
        await asyncio.sleep(0)
    await asyncio.gather(finals, telling)
    assert await states(service) == [("detected", "sos")]


async def test_the_task_writes_by_itself_and_notices_what_was_lost(service, clock):
    await service.streams.put(stream(keywords=(EARLY,)))
    running = asyncio.create_task(service._early.run())
    try:
        async with service.events.open(types=frozenset({EventType(DETECTED), EventType(RETRACTED)})) as events:
            utterance = await begin(service)
            service._listening.drafted(utterance, text("help"))
            async with asyncio.timeout(5):
                assert (await anext(events)).type.value == DETECTED
            service._reports.speech_ended("door", utterance.id, utterance.end)
            await write_reports(service)
            clock.at += timedelta(seconds=LOST_AFTER_S)
            service._early._news.set()
            async with asyncio.timeout(5):
                assert (await anext(events)).type.value == RETRACTED
    finally:
        running.cancel()
        await asyncio.wait([running])
