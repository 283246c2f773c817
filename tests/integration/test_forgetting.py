"""What the sidecar forgot is in no state, no history and no file of Home Assistant any more."""

from collections.abc import Callable
import json
from typing import Any
from unittest.mock import patch

from homeassistant.components.recorder import history
from homeassistant.core import HomeAssistant
from homeassistant.helpers import recorder as recorder_helper, restore_state
from homeassistant.helpers.storage import Store
import homeassistant.util.dt as dt_util
import pytest

from custom_components.wallflower import history as forgetting_in_history
from tests.support.waiting import eventually

from .conftest import GATE, Recorded, SetUp, camera
from .fake_sidecar import FakeSidecar, hit, segment
from .happenings import KEYWORD, TRANSCRIPT, caught_up, listening, stored

NEEDLE = "xylophonist"
UTTERANCE = "event.porch_utterance"
LAST_KEYWORD = "sensor.porch_last_keyword"
HEARD = ("transcript.final", "keyword.detected")
TELLING = (TRANSCRIPT, KEYWORD, UTTERANCE, LAST_KEYWORD)


def forget(sidecar: FakeSidecar, stream: str | None = "porch") -> int | None:
    """Leave empty tombstones of what was heard, and tell it."""
    sidecar.segments = [each for each in sidecar.segments if stream not in {None, each["stream"]}]
    sidecar.events = [
        (number, "tombstone", {}) if kind in HEARD and stream in {None, data["stream"]} else (number, kind, data)
        for number, kind, data in sidecar.events
    ]
    return sidecar.publish("transcript.forgotten", {"stream": stream, "from": None, "to": None})


def say(sidecar: FakeSidecar, stream: str = "porch") -> None:
    """Say the needle as the state of the sensor, and within a keyword's sentence."""
    sidecar.publish("transcript.final", segment(stream, f"the {NEEDLE} plays at nine"))
    sidecar.publish("keyword.detected", hit(stream, "help", f"hit-{stream}", text=f"help the {NEEDLE}"))


async def gone(recorded: Recorded) -> None:
    """Wait until the recorder wrote its file anew, which it does last."""

    async def is_gone() -> bool:
        return not await recorded(NEEDLE)

    await eventually(is_gone, timeout_s=20)


def shown(hass: HomeAssistant) -> list[str]:
    """The entities in whose state the needle stands."""
    return [state.entity_id for state in hass.states.async_all() if NEEDLE in str(state.as_dict())]


@pytest.fixture
def restored(hass: HomeAssistant, hass_storage: dict[str, Any]) -> Callable[[], str]:
    """What Home Assistant would restore after a restart, as it is on disk."""
    data = restore_state.async_get(hass)
    data.store = Store(hass, restore_state.STORAGE_VERSION, restore_state.STORAGE_KEY)
    return lambda: json.dumps(hass_storage.get(restore_state.STORAGE_KEY), default=str)


@pytest.mark.usefixtures("all_enabled")
async def test_what_is_forgotten_is_in_no_state_and_no_byte_of_the_history(
    hass: HomeAssistant,
    hass_storage: dict,
    sidecar: FakeSidecar,
    recorded: Recorded,
    restored: Callable[[], str],
    set_up: SetUp,
) -> None:
    entry = await set_up(camera(), camera(GATE, "gate", "Gate"))
    await listening(sidecar)
    for number in range(50):
        await caught_up(hass, sidecar, f"sentence {number} of the {NEEDLE}")
    say(sidecar)
    sidecar.publish("transcript.final", segment("gate", "a sentence that stays"))
    await eventually(lambda: set(shown(hass)) >= {TRANSCRIPT, KEYWORD, UTTERANCE})
    await eventually(lambda: hass.states.get("sensor.gate_transcript").state == "a sentence that stays")
    await restore_state.async_get(hass).async_dump_states()
    assert NEEDLE in restored()
    assert await recorded(NEEDLE)

    forget(sidecar)

    await eventually(lambda: not shown(hass))
    assert {hass.states.get(each).state for each in TELLING} == {"unknown"}
    assert hass.states.get("sensor.porch_last_speech").state == "unknown"
    await eventually(lambda: NEEDLE not in restored())
    await eventually(lambda: not stored(hass_storage, entry)["forgetting"], timeout_s=20)
    await gone(recorded)
    assert await recorded("a sentence that stays")

    await caught_up(hass, sidecar, "life goes on")
    sidecar.publish("keyword.detected", hit("porch", "help", "hit-2"))
    await eventually(lambda: hass.states.get(KEYWORD).attributes["event_type"] == "help")
    assert await recorded("life goes on")


@pytest.mark.usefixtures("all_enabled")
async def test_all_cameras_forget_when_the_whole_house_does(
    hass: HomeAssistant, hass_storage: dict, sidecar: FakeSidecar, recorded: Recorded, set_up: SetUp
) -> None:
    entry = await set_up(camera(), camera(GATE, "gate", "Gate"))
    await listening(sidecar)
    for stream in ("porch", "gate"):
        say(sidecar, stream)
    await eventually(lambda: len(shown(hass)) == 6)
    assert await recorded(NEEDLE)

    forget(sidecar, None)

    await eventually(lambda: not shown(hass))
    await eventually(lambda: stored(hass_storage, entry)["forgetting"] == {}, timeout_s=20)
    await gone(recorded)


async def test_what_another_stream_forgot_changes_nothing(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    await caught_up(hass, sidecar, "mine")

    last = forget(sidecar, "of-somebody-else")

    await eventually(lambda: entry.runtime_data.journal.last_event_id == last)
    assert hass.states.get(TRANSCRIPT).state == "mine"
    assert entry.runtime_data.journal.forgetting == {}


@pytest.mark.usefixtures("all_enabled")
async def test_what_was_forgotten_while_home_assistant_was_away_is_forgotten_when_it_is_back(
    hass: HomeAssistant, hass_storage: dict, sidecar: FakeSidecar, recorded: Recorded, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    say(sidecar)
    await eventually(lambda: set(shown(hass)) == {TRANSCRIPT, KEYWORD, UTTERANCE})
    assert await recorded(NEEDLE)
    await hass.config_entries.async_unload(entry.entry_id)

    forget(sidecar)
    sidecar.publish("transcript.final", segment("porch", "said since"))
    await hass.config_entries.async_setup(entry.entry_id)
    await listening(sidecar)

    await eventually(lambda: not shown(hass))
    assert hass.states.get(TRANSCRIPT).state == "said since"
    await eventually(lambda: stored(hass_storage, entry)["forgetting"] == {}, timeout_s=20)
    await gone(recorded)


async def test_a_forgetting_that_was_cut_short_is_done_at_the_next_start(
    hass: HomeAssistant, hass_storage: dict, sidecar: FakeSidecar, recorded: Recorded, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    await caught_up(hass, sidecar, f"the {NEEDLE} plays")
    assert await recorded(NEEDLE)
    entry.runtime_data.journal.note_forgetting("porch")
    entry.runtime_data.journal.note_forgetting("a-camera-that-was-removed")
    entry.runtime_data.async_drop_heard(["porch"])
    sidecar.segments.clear()
    await hass.config_entries.async_unload(entry.entry_id)
    assert stored(hass_storage, entry)["forgetting"]

    await hass.config_entries.async_setup(entry.entry_id)

    await eventually(lambda: stored(hass_storage, entry)["forgetting"] == {}, timeout_s=20)
    await gone(recorded)


@pytest.mark.usefixtures("all_enabled")
async def test_forgotten_twice_at_once_it_is_done_twice(
    hass: HomeAssistant, hass_storage: dict, sidecar: FakeSidecar, recorded: Recorded, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)

    for _ in range(3):
        say(sidecar)
        forget(sidecar)

    await eventually(lambda: stored(hass_storage, entry).get("forgetting") == {} and not shown(hass), timeout_s=20)
    await gone(recorded)


async def test_without_a_recorder_only_the_states_are_cleared(
    hass: HomeAssistant, hass_storage: dict, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    say(sidecar)
    await eventually(lambda: set(shown(hass)) == {TRANSCRIPT, KEYWORD})

    forget(sidecar)

    await eventually(lambda: not shown(hass))
    await eventually(lambda: stored(hass_storage, entry)["forgetting"] == {})


async def test_a_recorder_that_takes_too_long_is_named_and_waited_for_no_more(
    hass: HomeAssistant,
    hass_storage: dict,
    sidecar: FakeSidecar,
    recorded: Recorded,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = await set_up()
    await listening(sidecar)
    with patch.object(forgetting_in_history, "MAX_LOOKS", 0):
        forget(sidecar)
        await eventually(lambda: "The recorder has not removed yet what was forgotten" in caplog.text)
    await eventually(lambda: stored(hass_storage, entry).get("forgetting") == {}, timeout_s=20)


async def test_a_long_history_goes_bit_by_bit_and_is_waited_for(
    hass: HomeAssistant, hass_storage: dict, sidecar: FakeSidecar, recorded: Recorded, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    recorder_helper.get_instance(hass).max_bind_vars = 5
    for number in range(30):
        await caught_up(hass, sidecar, f"sentence {number} of the {NEEDLE}")
    assert await recorded(NEEDLE)

    forget(sidecar)

    await eventually(lambda: stored(hass_storage, entry).get("forgetting") == {}, timeout_s=20)
    await eventually(lambda: not entry.runtime_data.journal.forgetting)
    await gone(recorded)
    left = await recorder_helper.get_instance(hass).async_add_executor_job(
        history.state_changes_during_period, hass, dt_util.utc_from_timestamp(1), None, TRANSCRIPT
    )
    assert NEEDLE not in str(left)
