"""Each sentence as an event, for those who want that: it is disabled until then."""

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from tests.support.waiting import eventually

from .conftest import SetUp, camera
from .fake_sidecar import FakeSidecar, segment
from .happenings import caught_up, listening, stored

UTTERANCE = "event.porch_utterance"


def told(changes: list) -> list[tuple[str, bool]]:
    """The texts of what was fired, each once; a state that was restored or became available fires nothing."""
    states = [change.data["new_state"] for change in changes if change.data["entity_id"] == UTTERANCE]
    fired = {state.state: state for state in states if "text" in state.attributes}
    return [(state.attributes["text"], state.attributes["late"]) for state in fired.values()]


async def test_it_is_disabled_at_first(hass: HomeAssistant, set_up: SetUp, entity_registry: er.EntityRegistry) -> None:
    await set_up()

    assert hass.states.get(UTTERANCE) is None
    assert entity_registry.async_get(UTTERANCE).disabled_by is er.RegistryEntryDisabler.INTEGRATION


@pytest.mark.usefixtures("all_enabled")
async def test_each_sentence_is_one_event_and_is_written_down(
    hass: HomeAssistant, hass_storage: dict, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)

    sidecar.publish("transcript.final", segment("porch", "one"))
    number = sidecar.publish("transcript.final", segment("porch", "two", age_s=60))
    await eventually(lambda: len(told(changes)) == 2)

    assert told(changes) == [("one", False), ("two", True)]
    attributes = hass.states.get(UTTERANCE).attributes
    assert attributes["event_type"] == "utterance"
    assert (attributes["language"], attributes["confidence"], attributes["segment"], attributes["source"]) == (
        "en", 0.9, "segment-two", "speech",
    )  # fmt: skip
    await eventually(lambda: stored(hass_storage, entry)["last_event_id"] == number)


@pytest.mark.usefixtures("all_enabled")
@pytest.mark.parametrize("policy", ["keywords", "nothing"])
async def test_where_not_everything_may_be_kept_it_has_no_text(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, policy: str
) -> None:
    await set_up(camera(store=policy))
    await listening(sidecar)

    sidecar.publish("transcript.final", segment("porch", "a secret", id=None), stored=policy != "nothing")

    await eventually(lambda: hass.states.get(UTTERANCE).state != "unknown")
    assert hass.states.get(UTTERANCE).attributes["text"] is None


@pytest.mark.usefixtures("all_enabled", "quick_retries")
async def test_nothing_is_lost_or_doubled_over_restarts_of_either_side(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    sidecar.publish("transcript.final", segment("porch", "1"))
    await caught_up(hass, sidecar, "2")

    await sidecar.stop()
    await eventually(lambda: hass.states.get(UTTERANCE).state == "unavailable")
    sidecar.publish("transcript.final", segment("porch", "3"))
    await sidecar.start()
    await listening(sidecar)
    await caught_up(hass, sidecar, "4")
    sidecar.cut()
    await listening(sidecar)
    await caught_up(hass, sidecar, "5")
    await hass.config_entries.async_unload(entry.entry_id)
    sidecar.publish("transcript.final", segment("porch", "6", age_s=60))
    await hass.config_entries.async_setup(entry.entry_id)
    await listening(sidecar)
    await caught_up(hass, sidecar, "7")
    await hass.async_block_till_done()

    assert [text for text, _ in told(changes)] == ["1", "2", "3", "4", "5", "6", "7"]
