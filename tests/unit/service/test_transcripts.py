"""What is heard: kept as the stream's policy asks at the moment it is kept, and told in order."""

import asyncio
from dataclasses import replace

import pytest

from tests.unit.speech.utterances import silent_utterance
from tests.unit.store.heard import folder_holds, stream
from wallflower_sidecar.domain.keywords import Rule
from wallflower_sidecar.domain.streams import StorePolicy
from wallflower_sidecar.domain.transcripts import Transcript
from wallflower_sidecar.service import Service

from .probing import hear, told, write_reports, writer_taken

RULE = Rule("sos", "sos", ("help",))


async def say(service, text, name="door"):
    await hear(service, silent_utterance(2.0, name), Transcript(text, "en", 0.9))


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        (StorePolicy.ALL, ["plain words", "help me"]),
        (StorePolicy.TEXT, ["plain words", "help me"]),
        (StorePolicy.KEYWORDS, ["help me"]),
        (StorePolicy.NOTHING, []),
    ],
)
async def test_every_policy_tells_all_and_keeps_what_it_says(service, database, policy, kept):
    await service.streams.put(stream(store=policy, keywords=(RULE,)))
    newest = (await told(service))[-1].id
    async with service.events.open() as live:
        service._reports.speech_started("door", "u1", service._clock.now())
        await write_reports(service)
        await say(service, "plain words")
        await say(service, "help me")
        heard = [await anext(live) for _ in range(4)]

    assert [event.type.value for event in heard] == [
        "speech.started",
        "transcript.final",
        "transcript.final",
        "keyword.detected",
    ]
    stored = await told(service, newest)
    assert stored == [event for event in heard if event.id is not None]
    assert [event.data["text"] for event in stored if event.type == "transcript.final"] == kept
    for final in heard[1:3]:
        assert (final.data["id"] is None) == (final.id is None)
    assert heard[3].data["segment"] == heard[2].data["id"]
    assert (heard[0].id is None) == (policy is StorePolicy.NOTHING)
    assert [found.segment.text for found in reversed((await service.archive.search()).items)] == kept
    for text in ("plain words", "help me"):
        assert bool(folder_holds(database, text)) == (text in kept)


async def test_a_stricter_policy_holds_for_text_that_waits_for_the_disk(service, database):
    await service.streams.put(stream())
    async with writer_taken(database):
        changing = asyncio.create_task(service.streams.put(stream(store=StorePolicy.NOTHING)))
        await asyncio.sleep(0.05)
        saying = asyncio.create_task(say(service, "a late secret"))
        await asyncio.sleep(0.05)
    await asyncio.gather(changing, saying)
    assert folder_holds(database, "a late secret") == []


async def test_text_of_a_removed_stream_is_neither_kept_nor_told(service, database):
    await service.streams.put(stream())
    async with writer_taken(database):
        removing = asyncio.create_task(service.streams.delete("door", purge=True))
        await asyncio.sleep(0.05)
        saying = asyncio.create_task(say(service, "a late secret"))
        await asyncio.sleep(0.05)
    await asyncio.gather(removing, saying)
    assert [event.type.value for event in await told(service)] == ["transcript.forgotten", "stream.removed"]
    assert folder_holds(database, "a late secret") == []


async def test_the_time_of_the_last_words_is_the_same_after_a_restart(service, settings, database, clock):
    await service.streams.put(stream())
    await service.streams.put(stream("pool"))
    assert service.streams.status("door").last_transcript_at is None
    await say(service, "hello there")
    await service.transcripts.simulate(service.streams.get("pool"), "hello pool", 1.0, store=True)

    again = Service(settings, database, clock)
    await again.streams.load()

    for name in ("door", "pool"):
        at = service.streams.status(name).last_transcript_at
        assert at is not None
        assert again.streams.status(name).last_transcript_at == at


async def test_an_empty_transcript_leaves_nothing(service):
    await service.streams.put(stream())
    before = await told(service)
    await say(service, "")
    assert await told(service) == before
    assert service.streams.status("door").last_transcript_at is None


async def test_words_may_follow_a_change_of_the_stream(service):
    await service.streams.put(stream())
    await service.streams.patch("door", lambda known: replace(known, keywords=(RULE,)))
    await say(service, "help me")
    assert [event.type.value for event in await told(service)][-2:] == ["transcript.final", "keyword.detected"]
