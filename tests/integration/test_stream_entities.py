"""What each camera shows beside picture and text, and what can be set there."""

from aiohttp import web
from homeassistant.components.camera import async_get_image, async_get_stream_source
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from tests.support.waiting import eventually

from .conftest import SetUp, camera
from .fake_sidecar import FakeSidecar, hit, moment, problem, segment
from .happenings import listening

CAMERA = {"entity_id": "camera.porch"}
RECORDING = {"entity_id": "switch.porch_recording"}
LANGUAGE = {"entity_id": "select.porch_language"}
KEYWORD = "sensor.porch_last_keyword"


async def refuse(_: web.Request) -> web.Response:
    return problem(503, "unavailable")


async def test_a_camera_can_be_switched_off_and_on(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    await set_up()
    await listening(sidecar)

    await hass.services.async_call("camera", "turn_off", CAMERA, blocking=True)
    assert sidecar.requested("PATCH") == [("streams/porch", {"enabled": False})]
    sidecar.set_state("porch", "idle")
    await eventually(lambda: hass.states.get("binary_sensor.porch_connection").state == "off")
    assert hass.states.get("camera.porch").state == "idle"
    assert hass.states.get("binary_sensor.porch_speech").state == "unavailable"
    for look in (async_get_image, async_get_stream_source):
        with pytest.raises(HomeAssistantError, match="Camera is off"):
            await look(hass, "camera.porch")

    await hass.services.async_call("camera", "turn_on", CAMERA, blocking=True)
    assert sidecar.streams["porch"]["enabled"] is True
    sidecar.set_state("porch", "streaming")
    await eventually(lambda: hass.states.get("camera.porch").state == "idle")
    sidecar.overrides["PATCH", "streams/porch"] = refuse
    with pytest.raises(HomeAssistantError, match="The camera could not be switched"):
        await hass.services.async_call("camera", "turn_off", CAMERA, blocking=True)


async def test_a_camera_shows_that_it_is_recorded(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    await set_up()
    await listening(sidecar)

    sidecar.set_state("porch", "streaming", recording=True)

    await eventually(lambda: hass.states.get("camera.porch").state == "recording")
    assert hass.states.get("switch.porch_recording").attributes["recording"] is True


async def test_recording_is_switched_on_again_as_it_was(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    assert hass.states.get("switch.porch_recording").state == "off"

    await hass.services.async_call("switch", "turn_on", RECORDING, blocking=True)
    assert sidecar.streams["porch"]["recording"]["mode"] == "continuous"
    assert hass.states.get("switch.porch_recording").state == "on"

    sidecar.streams["porch"]["recording"]["mode"] = "keyword"
    await hass.config_entries.async_reload(entry.entry_id)
    assert hass.states.get("switch.porch_recording").attributes["mode"] == "keyword"
    await hass.services.async_call("switch", "turn_off", RECORDING, blocking=True)
    assert sidecar.requested("PATCH")[-1] == ("streams/porch", {"recording": {"mode": "off"}})
    await hass.config_entries.async_reload(entry.entry_id)
    assert hass.states.get("switch.porch_recording").state == "off"
    await hass.services.async_call("switch", "turn_on", RECORDING, blocking=True)
    assert sidecar.streams["porch"]["recording"]["mode"] == "keyword"

    sidecar.overrides["PATCH", "streams/porch"] = refuse
    with pytest.raises(HomeAssistantError, match="Recording could not be switched"):
        await hass.services.async_call("switch", "turn_off", RECORDING, blocking=True)


@pytest.mark.parametrize(
    ("store", "available"), [("all", True), ("keywords", True), ("text", False), ("nothing", False)]
)
async def test_where_nothing_may_be_recorded_there_is_nothing_to_switch(
    hass: HomeAssistant, set_up: SetUp, store: str, available: bool
) -> None:
    await set_up(camera(store=store))

    assert (hass.states.get("switch.porch_recording").state != "unavailable") is available


@pytest.mark.usefixtures("all_enabled")
async def test_the_language_is_one_that_whisper_knows_or_is_found_out(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    assert hass.states.get("select.porch_language").state == "detect"

    await hass.services.async_call("select", "select_option", {**LANGUAGE, "option": "de"}, blocking=True)
    assert sidecar.streams["porch"]["language"] == "de"
    assert hass.states.get("select.porch_language").state == "de"
    await hass.services.async_call("select", "select_option", {**LANGUAGE, "option": "detect"}, blocking=True)
    assert sidecar.requested("PATCH")[-1] == ("streams/porch", {"language": None})

    sidecar.overrides["PATCH", "streams/porch"] = refuse
    with pytest.raises(HomeAssistantError, match="The language could not be changed"):
        await hass.services.async_call("select", "select_option", {**LANGUAGE, "option": "fr"}, blocking=True)


async def test_a_camera_that_is_down_can_be_tried_at_once(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)
    sidecar.set_state("porch", "open")
    await eventually(lambda: hass.states.get("camera.porch").state == "unavailable")

    await hass.services.async_call("button", "press", {"entity_id": "button.porch_retry"}, blocking=True)
    assert sidecar.requested("POST", "streams/porch/restart")

    sidecar.overrides["POST", "streams/porch/restart"] = refuse
    with pytest.raises(HomeAssistantError, match="The camera could not be tried again"):
        await hass.services.async_call("button", "press", {"entity_id": "button.porch_retry"}, blocking=True)


@pytest.mark.parametrize(
    ("transcription", "state"), [("ok", "off"), ("off", "off"), ("lagging", "on"), ("unavailable", "on")]
)
async def test_speech_that_becomes_no_text_in_time_is_a_problem(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, transcription: str, state: str
) -> None:
    await set_up()
    await listening(sidecar)
    problem_sensor = "binary_sensor.porch_transcription_problem"

    sidecar.set_state("porch", "streaming", transcription={"state": transcription, "lag_s": 20, "dropped_s": 0})
    await eventually(lambda: hass.states.get(problem_sensor).attributes["state"] == transcription)

    assert hass.states.get(problem_sensor).state == state


async def test_the_last_speech_is_known_from_the_start_and_followed(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    sidecar.add_stream("porch")
    sidecar.streams["porch"]["status"]["last_transcript_at"] = "2026-11-22T07:20:42.125Z"
    await set_up()
    await listening(sidecar)
    assert hass.states.get("sensor.porch_last_speech").state == "2026-11-22T07:20:42+00:00"

    sidecar.publish("speech.ended", {"stream": "porch", "utterance": "u", "at": "2026-11-22T08:00:00.125Z"})

    await eventually(lambda: hass.states.get("sensor.porch_last_speech").state == "2026-11-22T08:00:00+00:00")


@pytest.mark.usefixtures("all_enabled")
async def test_reconnections_are_counted(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    await set_up()
    await listening(sidecar)

    sidecar.set_state("porch", "streaming", reconnects=7)

    await eventually(lambda: hass.states.get("sensor.porch_reconnections").state == "7")


@pytest.mark.usefixtures("all_enabled")
async def test_the_last_keyword_outlives_a_reload_and_one_taken_back_gives_way_to_the_one_before(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    sidecar.publish("keyword.detected", hit("porch", "good morning", "hit-1"))
    await eventually(lambda: hass.states.get(KEYWORD).state == "good morning")
    await hass.config_entries.async_reload(entry.entry_id)
    await listening(sidecar)
    assert hass.states.get(KEYWORD).state == "good morning"

    sidecar.publish("keyword.detected", hit("porch", "help", "hit-2", state="early"))
    await eventually(lambda: hass.states.get(KEYWORD).state == "help")
    sidecar.publish("keyword.retracted", hit("porch", "good morning", "hit-1", state="retracted"))
    sidecar.publish("keyword.retracted", hit("porch", "help", "hit-2", state="retracted"))

    await eventually(lambda: hass.states.get(KEYWORD).state == "good morning")


@pytest.mark.usefixtures("all_enabled")
async def test_latency_is_measured_on_speech_that_was_not_missed(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    sidecar.publish("transcript.final", segment("porch", "missed", age_s=3600))
    sidecar.publish("transcript.final", segment("porch", "made up", age_s=-1, source="simulated"))
    last = sidecar.publish("speech.ended", {"stream": "porch", "utterance": "u", "at": moment()})
    await eventually(lambda: entry.runtime_data.journal.last_event_id == last)
    assert hass.states.get("sensor.porch_latency").state == "unknown"

    sidecar.publish("transcript.final", segment("porch", "said now", age_s=0))

    await eventually(lambda: hass.states.get("sensor.porch_latency").state != "unknown")
    assert 0 <= float(hass.states.get("sensor.porch_latency").state) < 5
