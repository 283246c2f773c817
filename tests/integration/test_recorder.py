"""What Home Assistant's recorder, logbook and statistics make of what was heard."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.db_schema import StateAttributes, States, StatesMeta
from homeassistant.components.recorder.statistics import (
    list_statistic_ids,
    statistics_during_period,
    validate_statistics,
)
from homeassistant.components.recorder.util import session_scope
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import homeassistant.util.dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import do_adhoc_statistics

from tests.support.waiting import eventually

from .conftest import GATE, Recorded, SetUp, camera
from .fake_sidecar import FakeSidecar, hit, segment
from .happenings import KEYWORD, TRANSCRIPT, caught_up, listening

SPOKEN, UNKEPT = "xylophonist", "zymurgist"
UTTERANCE = "event.porch_utterance"


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Home Assistant looks for scripts that still run a minute after it stopped."""
    return True


def said(sidecar: FakeSidecar, stream: str, word: str) -> None:
    sidecar.publish("transcript.final", segment(stream, f"the {word} plays at nine", id=None))
    sidecar.publish("keyword.detected", hit(stream, "help", f"hit-{stream}", text=f"help the {word}"))


def rows(hass: HomeAssistant) -> list[tuple[str, str | None, str | None]]:
    """Each recorded state: whose, what it is, and its attributes."""
    with session_scope(hass=hass, read_only=True) as session:
        states = session.query(StatesMeta.entity_id, States.state, StateAttributes.shared_attrs)
        joined = states.join(StatesMeta, States.metadata_id == StatesMeta.metadata_id)
        return [
            (each[0], each[1], each[2])
            for each in joined.outerjoin(StateAttributes, States.attributes_id == StateAttributes.attributes_id)
        ]


@pytest.mark.usefixtures("all_enabled")
async def test_the_logbook_tells_which_word_and_only_the_transcripts_own_state_what_was_said(
    hass: HomeAssistant, sidecar: FakeSidecar, recorded: Recorded, set_up: SetUp, hass_ws_client: Callable
) -> None:
    assert await async_setup_component(hass, "logbook", {})
    trigger = {"trigger": "wallflower.keyword_spoken", "target": {"entity_id": ["camera.porch", "camera.gate"]}}
    call = {"alias": "Rings", "triggers": [trigger], "actions": [{"event": "rung"}]}
    assert await async_setup_component(hass, "automation", {"automation": call})
    begin = dt_util.utcnow()
    await set_up(camera(), camera(GATE, "gate", "Gate", store="nothing"))
    await listening(sidecar)
    said(sidecar, "porch", SPOKEN)
    said(sidecar, "gate", UNKEPT)
    await eventually(lambda: hass.states.get("sensor.gate_last_keyword").state == "help")
    await caught_up(hass, sidecar)

    assert await recorded(SPOKEN)
    assert not await recorded(UNKEPT)
    history = await get_instance(hass).async_add_executor_job(rows, hass)
    assert {whose for whose, state, _ in history if SPOKEN in str(state)} == {TRANSCRIPT}
    assert {whose for whose, _, attributes in history if SPOKEN in str(attributes)} == set()

    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "logbook/get_events", "start_time": begin.isoformat()})
    told = (await client.receive_json())["result"]
    assert {each["entity_id"] for each in told if SPOKEN in str(each)} == {TRANSCRIPT}
    assert UNKEPT not in str(told)
    [spoken] = [each for each in told if each.get("entity_id") == KEYWORD and each["state"] != "unknown"]
    assert spoken["attributes"] == {"event_type": "help"}
    assert "utterance" in str([each for each in told if each.get("entity_id") == UTTERANCE])
    assert [each["name"] for each in told if each.get("domain") == "automation"] == ["Rings", "Rings"]


MEASURED = {
    "sensor.wallflower_active_cameras": ("max", "cameras", 1),
    "sensor.wallflower_latency": ("max", "s", 1.5),
    "sensor.porch_lag": ("max", "s", 1.5),
    "sensor.porch_audio_level": ("max", "dBFS", -40),
    "sensor.porch_latency": ("max", "s", pytest.approx(0.0, abs=30)),
    "sensor.porch_dropped_speech": ("sum", "s", 30),
    "sensor.porch_reconnections": ("sum", "reconnections", 2),
}


@pytest.mark.usefixtures("all_enabled")
async def test_statistics_are_made_of_what_is_measured_and_of_nothing_else(
    hass: HomeAssistant,
    sidecar: FakeSidecar,
    recorded: Recorded,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = await set_up()
    await listening(sidecar)
    audio = {"codec": "aac", "sample_rate": 16000, "level_dbfs": -41}
    lag = {"state": "ok", "lag_s": 1.5, "dropped_s": 30}
    sidecar.set_state("porch", "streaming", audio=audio, transcription=lag, reconnects=2)
    sidecar.publish("transcript.final", segment("porch", "just now", age_s=0))
    await entry.runtime_data.measures.async_refresh()
    await caught_up(hass, sidecar)
    await recorded("the end")
    caplog.clear()

    start = dt_util.utcnow().replace(second=0, microsecond=0)
    start -= timedelta(minutes=start.minute % 5)
    recorder, made = get_instance(hass), dict[str, list[Any]]()

    async def compiled() -> bool:
        made.update(
            await recorder.async_add_executor_job(
                statistics_during_period, hass, start, None, set(MEASURED), "5minute", None, {"max", "sum"}
            )
        )
        return bool(made)

    do_adhoc_statistics(hass, start=start)
    await eventually(compiled)

    ids = await recorder.async_add_executor_job(list_statistic_ids, hass)
    units = {each["statistic_id"]: each["statistics_unit_of_measurement"] for each in ids}
    assert units == {name: unit for name, (_, unit, _) in MEASURED.items()}
    assert {name: [row[MEASURED[name][0]] for row in found] for name, found in made.items()} == {
        name: [value] for name, (_, _, value) in MEASURED.items()
    }
    assert await recorder.async_add_executor_job(validate_statistics, hass) == {}
    assert [each.getMessage() for each in caplog.records if each.levelname in {"WARNING", "ERROR"}] == []
