"""Whose drafts are made, and what is told of them."""

import asyncio
from dataclasses import replace

import pytest

from tests.unit.speech.utterances import silent_utterance
from tests.unit.store.heard import stream
from wallflower_sidecar.domain.clock import format_time
from wallflower_sidecar.domain.events import EventType
from wallflower_sidecar.domain.keywords import Rule
from wallflower_sidecar.domain.streams import StorePolicy
from wallflower_sidecar.domain.transcripts import Hints, Suppressed, Transcript

from .probing import hear, told, write_protected, write_reports

PARTIAL, FINAL, SUPPRESSED = (
    EventType.TRANSCRIPT_PARTIAL,
    EventType.TRANSCRIPT_FINAL,
    EventType.TRANSCRIPT_SUPPRESSED,
)
HELP = Rule(id="sos", name="SOS", phrases=("help",))
EARLY = Rule(id="fire", name="Fire", phrases=("fire",), early=True)


def wanted(service):
    """The streams whose drafts the capture side was asked for."""
    return set(service._capture._drafted)


def draft(text, **more):
    return Transcript(text, "en", 1.0, **more)


def begin(service, name="door"):
    utterance = silent_utterance(2.0, name)
    service._reports.speech_started(name, utterance.id, utterance.start)
    return utterance


async def taken(events, count):
    async with asyncio.timeout(5):
        return [await anext(events) for _ in range(count)]


async def test_drafts_are_wanted_from_when_somebody_listens_for_them_until_nobody_does(service):
    await service.streams.put(stream())
    await service.streams.put(stream("pool"))
    assert wanted(service) == set()
    async with service.events.open(types=frozenset({FINAL})):
        assert wanted(service) == set()
    async with service.events.open(types=frozenset({PARTIAL}), stream="door"):
        assert wanted(service) == {"door"}
        async with service.events.open():
            assert wanted(service) == {"door", "pool"}
        assert wanted(service) == {"door"}
    assert wanted(service) == set()


@pytest.mark.parametrize("fields", [{"enabled": False}, {"transcribe": False}])
async def test_drafts_of_a_stream_that_is_not_transcribed_are_never_wanted(service, fields):
    await service.streams.put(stream(keywords=(EARLY,)))
    assert wanted(service) == {"door"}
    async with service.events.open():
        await service.streams.patch("door", lambda known: replace(known, **fields))
        assert wanted(service) == set()
        await service.streams.put(stream("pool"))
        assert wanted(service) == {"pool"}
        await service.streams.delete("pool", purge=False)
        assert wanted(service) == set()


async def test_drafts_are_wanted_while_a_rule_is_early(service):
    await service.streams.put(stream(keywords=(HELP,)))
    assert wanted(service) == set()
    await service.streams.patch("door", lambda known: replace(known, keywords=(HELP, EARLY)))
    assert wanted(service) == {"door"}
    await service.streams.patch("door", lambda known: replace(known, keywords=(HELP,)))
    assert wanted(service) == set()


async def test_an_early_rule_is_known_from_the_start(service, settings, database, clock):
    await service.streams.put(stream(keywords=(EARLY,)))
    again = type(service)(settings, database, clock)
    await again.streams.load()
    assert wanted(again) == {"door"}


async def test_what_was_heard_so_far_is_handed_on_with_the_hints_of_a_final(service):
    await service.streams.put(stream(language="de"))
    service._reports.utterance_growing(silent_utterance(1.0, "door"))
    service._reports.utterance_growing(silent_utterance(1.0, "gone"))
    waiting = service._scheduler._drafts._waiting
    assert [(item.stream, item.hints) for item in waiting.values()] == [("door", Hints("de"))]


@pytest.mark.parametrize("policy", list(StorePolicy))
async def test_partials_are_told_live_between_start_and_final_and_never_stored(service, policy):
    await service.streams.put(stream(store=policy))
    async with service.events.open() as events:
        utterance = begin(service)
        await write_reports(service)
        for text in ("please", "please", "", "please help"):
            service._listening.drafted(utterance, draft(text))
        service._reports.speech_ended("door", utterance.id, utterance.end)
        service._listening.drafted(utterance, draft("please help me"))
        await hear(service, utterance, draft("Please help me!"))
        seen = await taken(events, 5)
    assert [event.type.value for event in seen] == [
        "speech.started",
        "transcript.partial",
        "transcript.partial",
        "speech.ended",
        "transcript.final",
    ]
    assert seen[1].data == {
        "stream": "door",
        "utterance": utterance.id,
        "start": format_time(utterance.start),
        "text": "please",
    }
    assert [event.id for event in seen if event.type is PARTIAL] == [None, None]
    assert seen[2].data["text"] == "please help"
    assert not any(event.type is PARTIAL for event in await told(service))


async def test_no_partial_is_told_before_the_start_of_its_speech(service, database):
    await service.streams.put(stream())
    async with service.events.open() as events:
        async with write_protected(database):
            utterance = begin(service)
            await write_reports(service)
            service._listening.drafted(utterance, draft("too soon"))
        await write_reports(service)
        service._listening.drafted(utterance, draft("too soon, now right"))
        seen = await taken(events, 2)
    assert [event.type.value for event in seen] == ["speech.started", "transcript.partial"]
    assert seen[1].data["text"] == "too soon, now right"


async def test_nothing_is_told_of_a_stream_that_was_removed_or_switched_off(service):
    await service.streams.put(stream())
    await service.streams.put(stream("pool"))
    async with service.events.open(types=frozenset({PARTIAL})) as events:
        gone, off = begin(service), begin(service, "pool")
        await write_reports(service)
        await service.streams.delete("door", purge=False)
        await service.streams.patch("pool", lambda known: replace(known, transcribe=False))
        for utterance in (gone, off):
            service._listening.drafted(utterance, draft("not any more"))
        await service.streams.put(stream("gate"))
        utterance = begin(service, "gate")
        await write_reports(service)
        service._listening.drafted(utterance, draft("here"))
        assert (await taken(events, 1))[0].data["stream"] == "gate"
    assert set(service._listening.partials._growing) == {off.id, utterance.id}, "nothing is kept of the removed stream"


async def test_text_that_was_not_believed_is_told_to_who_asks_for_it_by_name_only(service):
    await service.streams.put(stream())
    utterance = silent_utterance(2.0, "door")
    doubted = draft("Hello.", suppressed=(Suppressed("Thank you.", "no_speech"),))
    async with service.events.open() as all_types, service.events.open(types=frozenset({SUPPRESSED})) as debugging:
        await hear(service, utterance, doubted)
        assert (await taken(all_types, 1))[0].type is FINAL
        (told_of,) = await taken(debugging, 1)
        await hear(service, utterance, draft("Bye."))
        assert (await taken(all_types, 1))[0].data["text"] == "Bye."
    assert (told_of.id, told_of.type) == (None, SUPPRESSED)
    assert told_of.data == {
        "stream": "door",
        "utterance": utterance.id,
        "start": format_time(utterance.start),
        "text": "Thank you.",
        "reason": "no_speech",
    }
