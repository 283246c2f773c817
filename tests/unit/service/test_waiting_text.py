"""Text that waits for a database that is away: stored once, in order, as is asked by then; what is lost is counted."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
import re

import pytest

from tests.support.waiting import eventually
from tests.unit.speech.utterances import silent_utterance
from tests.unit.store.heard import folder_holds, stream
from wallflower_sidecar.domain.errors import UnavailableError
from wallflower_sidecar.domain.health import HealthStatus
from wallflower_sidecar.domain.keywords import Rule
from wallflower_sidecar.domain.transcripts import Transcript
from wallflower_sidecar.service import write_queue

from .probing import hear, told, write_protected

SECRET = "the safe is open"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(write_queue, "RETRY_S", 0.02)
    monkeypatch.setattr(write_queue, "FINISH_S", 0.1)


def say(service, text, name="door", at_s=0.0):
    utterance = silent_utterance(2.0, name)
    moved = timedelta(seconds=at_s)
    service._listening.heard(
        replace(utterance, start=utterance.start + moved, end=utterance.end + moved), Transcript(text, "en", 0.9)
    )


@asynccontextmanager
async def running(part):
    task = asyncio.create_task(part.run())
    yield
    task.cancel()
    await asyncio.wait([task])


@pytest.fixture
async def writing(service):
    async with running(service.transcripts):
        yield


async def texts(service):
    return [event.data["text"] for event in await told(service) if event.type.value == "transcript.final"]


async def all_stored(service):
    await eventually(lambda: len(service.transcripts._waiting) == 0)


@pytest.mark.usefixtures("writing")
async def test_it_is_stored_in_the_order_in_which_it_was_said_once_the_database_is_back(
    service, database, clock, caplog
):
    await service.streams.put(stream())
    await service.streams.put(stream("pool"))
    said = [f"sentence {number}" for number in range(6)]
    async with write_protected(database):
        for number, text in enumerate(said):
            say(service, text, ("door", "pool")[number % 2])
        await asyncio.sleep(0.1)
        assert await texts(service) == []
        clock.at += timedelta(seconds=11)
        assert service.streams.status("door").transcription.lag_s == 11.0
        check = service.transcripts.check()
        assert check.status is HealthStatus.DEGRADED
        assert check.detail == "6 sentences wait for the database."
    await all_stored(service)
    assert await texts(service) == said
    assert [found.segment.text for found in reversed((await service.archive.search()).items)] == said
    assert service.transcripts.check().status is HealthStatus.OK
    assert len(re.findall("The database cannot be used: ", caplog.text)) == 1
    assert service.streams.status("door").transcription.dropped_s == 0


@pytest.mark.usefixtures("writing")
async def test_beyond_the_bound_the_oldest_is_lost_and_counted_by_number_never_by_word(service, database, caplog):
    await service.streams.put(stream())
    service.transcripts._waiting._bound = 3
    service._scheduler._accounts.open("door")
    async with write_protected(database):
        for text in (SECRET, SECRET, "one", "two", "three"):
            say(service, text)
            await asyncio.sleep(0.03)
        assert service.streams.status("door").transcription.dropped_s == 4.0
        assert "2 were given up" in service.transcripts.check().detail
    await all_stored(service)
    kept = await texts(service)
    assert len(kept) == 3
    assert kept[-2:] == ["two", "three"]
    assert "2 sentences were given up" in caplog.text
    assert SECRET not in caplog.text


async def test_a_stop_says_how_many_could_not_be_stored(service, database, caplog):
    await service.streams.put(stream())
    async with write_protected(database):
        say(service, SECRET)
        await hear(service, silent_utterance(2.0, "door"), Transcript(SECRET, "en", 0.9))
    assert "2 sentences could not be stored before the stop" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.usefixtures("writing")
async def test_what_is_forgotten_while_it_waits_is_never_stored(service, database):
    await service.streams.put(stream())
    await service.streams.put(stream("pool"))
    start = silent_utterance(2.0, "door").start
    async with write_protected(database):
        say(service, SECRET)
        say(service, "kept", "pool")
        await asyncio.sleep(0.05)
        service.transcripts.forget("door", start, start + timedelta(seconds=60))
    await all_stored(service)
    assert await texts(service) == ["kept"]
    assert folder_holds(database, SECRET) == []


@pytest.mark.usefixtures("writing")
async def test_what_a_removed_stream_left_waiting_is_not_that_of_its_successor(service, database):
    await service.streams.put(stream())
    async with database.write():
        say(service, SECRET)
        removing = asyncio.create_task(service.streams.delete("door", purge=True))
        await asyncio.sleep(0.05)
        adding = asyncio.create_task(service.streams.put(stream()))
    await asyncio.gather(removing, adding)
    await all_stored(service)
    assert await texts(service) == []
    assert folder_holds(database, SECRET) == []


@pytest.mark.usefixtures("writing")
async def test_what_was_heard_of_a_stream_outlasts_a_removal_that_fails(service, database):
    await service.streams.put(stream(keywords=(Rule("p", "P", ("help",)),)))

    async def fail(_):
        say(service, "help")
        await all_stored(service)
        service._reports.utterance_ready(silent_utterance(2.0, "door"))
        raise UnavailableError("The disk cannot be written.")

    service.streams.follow_purges(fail)
    service._reports.utterance_ready(silent_utterance(2.0, "door"))
    with pytest.raises(UnavailableError):
        await service.streams.delete("door", purge=True)
    assert await types_told(service) == ["transcript.final", "keyword.detected"]
    assert len(service._scheduler._queue) == 2, "and what is not text yet becomes text"


@pytest.mark.usefixtures("writing")
async def test_text_that_is_tried_again_is_not_its_own_neighbour(service, database):
    await service.streams.put(stream(keywords=(Rule("p", "P", ("help me",)), Rule("q", "Q", ("door please",)))))
    async with write_protected(database):
        say(service, "me the door please help")
        await asyncio.sleep(0.1)
    await all_stored(service)
    hits = [event.data["rule"]["id"] for event in await told(service) if event.type.value == "keyword.detected"]
    assert hits == ["q"]


@pytest.mark.usefixtures("writing")
async def test_a_phrase_may_run_over_two_sentences_that_waited(service, database):
    await service.streams.put(stream(keywords=(Rule("p", "P", ("call the police",)),)))
    async with write_protected(database):
        say(service, "somebody call the")
        say(service, "police", at_s=3)
        await asyncio.sleep(0.1)
    await all_stored(service)
    hits = [event for event in await told(service) if event.type.value == "keyword.detected"]
    assert [hit.data["text"] for hit in hits] == ["police"]


async def test_what_cannot_be_simulated_leaves_no_trace_in_the_rules(service, database):
    await service.streams.put(stream(keywords=(Rule("p", "P", ("help",), cooldown_s=60),)))
    async with write_protected(database):
        with pytest.raises(UnavailableError):
            await service.transcripts.simulate(service.streams.get("door"), "help", 1.0, store=True)
    _, hits = await service.transcripts.simulate(service.streams.get("door"), "help", 1.0, store=True)
    assert [hit.rule_id for hit in hits] == ["p"]


async def types_told(service):
    return [event.type.value for event in await told(service)][1:]


@pytest.mark.usefixtures("writing")
async def test_text_is_told_after_the_beginning_and_the_end_of_its_speech_though_it_is_tried_first(service, clock):
    await service.streams.put(stream())
    for number, text in enumerate(("one", "two")):
        service._reports.speech_started("door", f"u{number}", clock.now())
        service._reports.speech_ended("door", f"u{number}", clock.now())
        say(service, text)
    await asyncio.sleep(0.1)
    async with running(service._reports):
        await all_stored(service)
    assert await types_told(service) == [*["speech.started", "speech.ended"] * 2, *["transcript.final"] * 2]


async def test_an_early_hit_is_told_after_the_beginning_of_its_speech_though_it_is_tried_first(service, clock):
    await service.streams.put(stream(keywords=(Rule("p", "P", ("help",), early=True),)))
    utterance = silent_utterance(2.0, "door")
    service._reports.speech_started("door", utterance.id, clock.now())
    async with running(service._early):
        service._early.drafted(utterance, Transcript("help", "en", 0.9))
        await asyncio.sleep(0.1)
        async with running(service._reports):
            await eventually(lambda: not service._early._open[utterance.id].waiting)
    assert await types_told(service) == ["speech.started", "keyword.detected"]
