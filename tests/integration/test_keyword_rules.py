"""Which keywords there are: those of the camera and those of the house."""

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import async_capture_events

from tests.support.waiting import eventually

from .conftest import SetUp, camera, rule
from .fake_sidecar import FakeSidecar, hit
from .happenings import KEYWORD, caught_up, keyword_states, listening


def event_types(hass: HomeAssistant) -> list[str]:
    return hass.states.get(KEYWORD).attributes["event_types"]


async def test_the_rules_of_the_house_are_keywords_of_each_camera(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    sidecar.house_rules = [rule("fire"), rule("retracted")]
    await set_up()
    await listening(sidecar)
    assert event_types(hass) == ["help", "good morning", "fire", "retracted"]

    sidecar.publish("keyword.detected", hit("porch", "fire", "hit-1"))

    await eventually(lambda: hass.states.get(KEYWORD).attributes["event_type"] == "fire")


async def test_a_rule_of_the_camera_takes_the_place_of_one_of_the_house_with_its_name_or_id(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    sidecar.house_rules = [{**rule("emergency"), "id": "help"}, {**rule("good morning"), "id": "other"}, rule("fire")]

    await set_up()

    assert event_types(hass) == ["help", "good morning", "fire", "retracted"]


async def test_rules_that_change_are_keywords_at_once_and_fire_nothing_by_themselves(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)
    sidecar.publish("keyword.detected", hit("porch", "help", "hit-1"))
    await eventually(lambda: hass.states.get(KEYWORD).attributes["event_type"] == "help")
    fired_at = hass.states.get(KEYWORD).state
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)

    sidecar.set_house_rules(rule("fire"), rule("water"))
    await eventually(lambda: event_types(hass) == ["help", "good morning", "fire", "water", "retracted"])
    sidecar.streams["porch"]["keywords"] = [rule("hello")]
    sidecar.set_state("porch", "streaming")
    await eventually(lambda: event_types(hass) == ["hello", "fire", "water", "retracted"])
    sidecar.publish("keyword.detected", hit("porch", "water", "hit-2"))
    await caught_up(hass, sidecar)

    *unfired, fired = keyword_states(changes)
    assert {state.state for state in unfired} == {fired_at}
    assert fired.attributes["event_type"] == "water"


async def test_a_camera_without_rules_has_those_of_the_house(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    sidecar.house_rules = [rule("fire")]

    await set_up(camera(keywords=[]))

    assert event_types(hass) == ["fire", "retracted"]
