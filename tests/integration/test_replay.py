"""What was missed happens exactly once, and only what still matters happens at all."""

import json

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_STATE_CHANGED
from homeassistant.core import CoreState, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from tests.support.waiting import eventually

from .conftest import SetUp
from .fake_sidecar import FakeSidecar, hit, moment, segment
from .happenings import KEYWORD, SPEECH, TRANSCRIPT, caught_up, keyword_states, listening, stored


@pytest.mark.usefixtures("quick_retries")
async def test_missed_hits_fire_one_by_one_after_the_entity_was_available_again(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    await sidecar.stop()
    await eventually(lambda: hass.states.get(KEYWORD).state == "unavailable")

    sidecar.publish("keyword.detected", hit("porch", "help", "old", age_s=3600))
    sidecar.publish("keyword.detected", hit("porch", "help", "early", state="early"))
    sidecar.publish("keyword.confirmed", hit("porch", "help", "early"))
    sidecar.publish("keyword.detected", hit("porch", "good morning", "new"))
    await sidecar.start()
    await eventually(lambda: hass.states.get(KEYWORD).attributes.get("hit_id") == "new")

    gone, back, *fired = keyword_states(changes)
    assert gone.state == "unavailable"
    assert back.state == "unknown"
    assert [(state.attributes["hit_id"], state.attributes["late"]) for state in fired] == [
        ("old", True),
        ("early", False),
        ("new", False),
    ]
    assert len({state.state for state in fired}) == 3


@pytest.mark.usefixtures("quick_retries")
async def test_missed_sentences_and_speech_do_not_run_through_the_states(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)
    await caught_up(hass, sidecar, "before")
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    await sidecar.stop()
    await eventually(lambda: hass.states.get(TRANSCRIPT).state == "unavailable")

    for number in range(3):
        sidecar.publish("speech.started", {"stream": "porch", "utterance": "u", "at": moment()})
        sidecar.publish("transcript.final", segment("porch", f"missed {number}"))
        sidecar.publish("speech.ended", {"stream": "porch", "utterance": "u", "at": moment()})
    await sidecar.start()
    await eventually(lambda: hass.states.get(TRANSCRIPT).state == "missed 2")
    await listening(sidecar)
    await caught_up(hass, sidecar, "after")

    def seen(entity_id: str) -> list[str]:
        return [each.data["new_state"].state for each in changes if each.data["entity_id"] == entity_id]

    assert seen(TRANSCRIPT) == ["unavailable", "missed 2", "after"]
    assert seen(SPEECH) == ["unavailable", "off"]


async def test_what_happened_before_the_first_start_is_not_replayed(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    sidecar.publish("keyword.detected", hit("porch", "help", "long ago"))

    await set_up()
    await listening(sidecar)
    await caught_up(hass, sidecar)

    assert hass.states.get(KEYWORD).state == "unknown"


async def test_hits_during_a_reload_fire_after_it_and_those_before_it_do_not_fire_again(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    sidecar.publish("keyword.detected", hit("porch", "help", "one"))
    sidecar.publish("keyword.detected", hit("porch", "help", "two", state="early"))
    await caught_up(hass, sidecar)
    await hass.config_entries.async_unload(entry.entry_id)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)

    sidecar.publish("keyword.confirmed", hit("porch", "help", "two"))
    sidecar.publish("keyword.detected", hit("porch", "help", "three"))
    await hass.config_entries.async_setup(entry.entry_id)
    await listening(sidecar)
    await caught_up(hass, sidecar, "after the reload")

    fired = [state.attributes["hit_id"] for state in keyword_states(changes) if "hit_id" in state.attributes]
    assert list(dict.fromkeys(fired)) == ["two", "three"]  # "two" is the state it had before, restored
    assert fired.count("three") == 1
    assert hass.states.get(KEYWORD).attributes["hit_id"] == "three"


async def test_replay_waits_until_automations_are_ready(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    hass.set_state(CoreState.not_running)

    await set_up()

    assert hass.states.get("binary_sensor.wallflower_sidecar").state == "on"
    await eventually(lambda: not sidecar.readers)
    sidecar.publish("keyword.detected", hit("porch", "help", "while starting"))
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await eventually(lambda: hass.states.get(KEYWORD).attributes["event_type"] == "help")


async def test_stopping_home_assistant_keeps_how_far_the_events_were_read(
    hass: HomeAssistant, hass_storage: dict, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    await caught_up(hass, sidecar)
    assert stored(hass_storage, entry)["last_event_id"] == 0

    await hass.async_stop(force=True)

    assert stored(hass_storage, entry)["last_event_id"] == 1
    assert not sidecar.readers


@pytest.mark.usefixtures("quick_retries")
async def test_forgotten_events_lead_to_a_full_refresh(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)
    await caught_up(hass, sidecar)
    for number in range(3):
        sidecar.publish("speech.ended", {"stream": "porch", "utterance": str(number), "at": moment()})
    await eventually(lambda: not sidecar.readers[0].qsize())
    await sidecar.stop()
    sidecar.publish("keyword.detected", hit("porch", "help", "forgotten"))
    sidecar.forget_events()
    sidecar.streams["porch"]["transcribe"] = False

    await sidecar.start()

    await eventually(lambda: hass.states.get("switch.porch_transcription").state == "off")
    await caught_up(hass, sidecar, "goes on")
    assert hass.states.get(KEYWORD).state == "unknown"


async def test_a_resync_while_connected_refreshes_and_goes_on(
    hass: HomeAssistant, hass_storage: dict, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    await caught_up(hass, sidecar)
    await hass.config_entries.async_unload(entry.entry_id)
    sidecar.publish("keyword.detected", hit("porch", "help", "forgotten"))
    sidecar.forget_events()

    await hass.config_entries.async_setup(entry.entry_id)
    await listening(sidecar)

    await eventually(lambda: len(sidecar.requested("GET", "streams")) == 3)
    await caught_up(hass, sidecar, "goes on")
    assert hass.states.get(KEYWORD).state == "unknown"


async def test_a_sidecar_restored_from_an_older_backup_is_followed_from_where_it_is(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    for number in range(5):
        await caught_up(hass, sidecar, f"sentence {number}")
    await hass.config_entries.async_unload(entry.entry_id)

    del sidecar.events[2:]
    await hass.config_entries.async_setup(entry.entry_id)
    await listening(sidecar)
    sidecar.publish("keyword.detected", hit("porch", "help", "hit-1"))

    await eventually(lambda: hass.states.get(KEYWORD).attributes["event_type"] == "help")


async def test_an_event_that_comes_twice_counts_once(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    await set_up()
    await listening(sidecar)
    await caught_up(hass, sidecar, "once")

    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    again = json.dumps(segment("porch", "twice"))
    sidecar.readers[0].put_nowait(f"id: 1\nevent: transcript.final\ndata: {again}\n\n".encode())
    await caught_up(hass, sidecar, "and on")

    assert [each.data["new_state"].state for each in changes if each.data["entity_id"] == TRANSCRIPT] == ["and on"]


async def test_only_so_many_hits_are_remembered(
    hass: HomeAssistant, hass_storage: dict, sidecar: FakeSidecar, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.wallflower.journal.REMEMBERED_HITS", 2)
    entry = await set_up()
    await listening(sidecar)

    for number in range(4):
        sidecar.publish("keyword.detected", hit("porch", "help", f"hit-{number}"))
    await caught_up(hass, sidecar)

    assert stored(hass_storage, entry)["hits"] == {"hit-2": "confirmed", "hit-3": "confirmed"}
