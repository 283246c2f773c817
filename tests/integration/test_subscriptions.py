"""Who subscribes to a camera is told each hit, sentence and unfinished sentence of it, and of no other."""

from typing import Any
from unittest.mock import patch

from aiohttp import web
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wallflower import live_text
from custom_components.wallflower.heard import Hit, Partial, Segment
from tests.support.waiting import eventually

from .conftest import GATE, SetUp, camera
from .fake_sidecar import FakeSidecar, hit, moment, problem, segment
from .happenings import caught_up, listening

PARTIAL = "transcript.partial"


def partial(stream: str, text: str) -> dict[str, Any]:
    return {"stream": stream, "utterance": "u1", "start": moment(1), "text": text}


@pytest.fixture
async def entry(sidecar: FakeSidecar, set_up: SetUp) -> MockConfigEntry:
    entry = await set_up(camera(), camera(GATE, "gate", "Gate"))
    await listening(sidecar)
    return entry


async def test_sentences_and_hits_are_told_to_those_who_asked_until_they_end_it(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    sentences: list[str] = []
    hits: list[tuple[str, str]] = []
    end = entry.runtime_data.async_subscribe(Segment, "porch", lambda said: sentences.append(said.text))
    entry.runtime_data.async_subscribe(Hit, "porch", lambda fired: hits.append((fired.id, fired.state)))

    sidecar.publish("transcript.final", segment("gate", "elsewhere"))
    sidecar.publish("transcript.final", segment("porch", "first"))
    sidecar.publish("keyword.detected", hit("porch", "help", "hit-1", state="early", segment=None))
    sidecar.publish("keyword.detected", hit("gate", "help", "hit-2"))
    sidecar.publish("keyword.retracted", hit("porch", "help", "hit-1", state="retracted", segment=None))
    await caught_up(hass, sidecar, "second")
    end()
    await caught_up(hass, sidecar, "third")

    assert sentences == ["first", "second"]
    assert hits == [("hit-1", "early"), ("hit-1", "retracted")]


async def test_sentences_missed_while_the_hub_was_away_are_told_once_each(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    await caught_up(hass, sidecar, "before")
    await hass.config_entries.async_unload(entry.entry_id)
    for number in range(3):
        sidecar.publish("transcript.final", segment("porch", f"missed {number}"))
    sentences: list[str] = []

    await hass.config_entries.async_setup(entry.entry_id)
    entry.runtime_data.async_subscribe(Segment, "porch", lambda said: sentences.append(said.text))
    await listening(sidecar)
    await caught_up(hass, sidecar, "after")

    assert sentences == ["missed 0", "missed 1", "missed 2", "after"]


async def test_unfinished_sentences_are_fetched_only_while_somebody_wants_them(
    sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    texts: list[str] = []
    ends = [
        entry.runtime_data.async_subscribe(Partial, "porch", lambda said: texts.append(said.text)) for _ in range(2)
    ]
    await eventually(lambda: len(sidecar.readers) == 2)
    live = sidecar.readers[1]
    assert (live.types, live.stream) == ([PARTIAL], "porch")

    sidecar.publish(PARTIAL, partial("gate", "elsewhere"), stored=False)
    sidecar.publish(PARTIAL, partial("porch", "hel"), stored=False)
    await eventually(lambda: texts == ["hel", "hel"])
    ends[0]()
    sidecar.publish(PARTIAL, partial("porch", "hello"), stored=False)
    await eventually(lambda: texts == ["hel", "hel", "hello"])

    ends[1]()
    await eventually(lambda: len(sidecar.readers) == 1)


@pytest.mark.usefixtures("quick_retries")
async def test_unfinished_sentences_come_again_after_an_interruption(
    sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    texts: list[str] = []
    entry.runtime_data.async_subscribe(Partial, "porch", lambda said: texts.append(said.text))
    await eventually(lambda: len(sidecar.readers) == 2)

    async def refuse(_: web.Request) -> web.Response:
        return problem(503, "unavailable")

    asked = len(sidecar.requested("GET", "events"))
    sidecar.overrides["GET", "events"] = refuse
    sidecar.cut()
    await eventually(lambda: len(sidecar.requested("GET", "events")) > asked + 4)
    sidecar.overrides.clear()
    await eventually(lambda: len(sidecar.readers) == 2)
    sidecar.publish(PARTIAL, partial("porch", "hello"), stored=False)

    await eventually(lambda: texts == ["hello"])


@pytest.mark.usefixtures("quick_retries")
async def test_unfinished_sentences_come_again_at_once_when_the_hub_is_back(
    sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    entry.runtime_data.async_subscribe(Partial, "porch", lambda _: None)
    await eventually(lambda: len(sidecar.readers) == 2)

    with patch.object(live_text, "retry_delay_s", return_value=3600):
        await sidecar.stop()
        await eventually(lambda: not entry.runtime_data.last_update_success)
        await sidecar.start()
        await eventually(lambda: "porch" in [each.stream for each in sidecar.readers])


async def test_unloading_ends_the_fetching_of_unfinished_sentences(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    entry.runtime_data.async_subscribe(Partial, "porch", lambda _: None)
    await eventually(lambda: len(sidecar.readers) == 2)

    await hass.config_entries.async_unload(entry.entry_id)

    await eventually(lambda: not sidecar.readers)
