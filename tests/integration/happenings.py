"""Waiting for what the sidecar tells to arrive in Home Assistant."""

from homeassistant.core import HomeAssistant, State
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.support.waiting import eventually

from .fake_sidecar import FakeSidecar, segment

KEYWORD = "event.porch_keyword"


SPEECH = "binary_sensor.porch_speech"


TRANSCRIPT = "sensor.porch_transcript"


def keyword_states(changes: list) -> list[State]:
    return [change.data["new_state"] for change in changes if change.data["entity_id"] == KEYWORD]


def stored(hass_storage: dict, entry: MockConfigEntry) -> dict:
    return hass_storage[f"wallflower.{entry.entry_id}"]["data"]


async def listening(sidecar: FakeSidecar) -> None:
    await eventually(lambda: len(sidecar.readers) == 1)


async def caught_up(hass: HomeAssistant, sidecar: FakeSidecar, text: str = "the end") -> None:
    """Wait until everything published so far was taken in: a sentence behind it has arrived."""
    sidecar.publish("transcript.final", segment("porch", text))
    await eventually(lambda: hass.states.get(TRANSCRIPT).state == text)
