"""How the sidecar itself is: its recogniser, its downloads, how many cameras work, how far it is behind."""

from datetime import timedelta

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import homeassistant.util.dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.wallflower.coordinator import MEASURES_INTERVAL
from tests.support.waiting import eventually

from .conftest import GATE, SetUp, camera
from .fake_sidecar import FakeSidecar, problem
from .happenings import listening

PROBLEM = "binary_sensor.wallflower_transcriber_problem"
DOWNLOAD = "sensor.wallflower_model_download"
ACTIVE = "sensor.wallflower_active_cameras"
LATENCY = "sensor.wallflower_latency"
RESTART = {"entity_id": "button.wallflower_restart_transcriber"}


def transcriber(state: str, **fields: object) -> dict[str, object]:
    return {"engine": "embedded", "model": "tiny.en", "state": state, "progress": None, "detail": None, **fields}


def lagging(sidecar: FakeSidecar, stream_id: str, lag_s: float, dropped_s: float = 0.0) -> None:
    transcription = {"state": "ok", "lag_s": lag_s, "dropped_s": dropped_s}
    stream = sidecar.streams[stream_id]
    stream["status"] = {**stream["status"], "transcription": transcription}


@pytest.mark.parametrize(
    ("condition", "state"),
    [
        (transcriber("ready"), "off"),
        (transcriber("starting"), "off"),
        (transcriber("ready", detail="Another model stands in."), "on"),
        (transcriber("downloading", progress=0.2), "on"),
        (transcriber("no_model"), "on"),
        (transcriber("failed", detail="The engine cannot be started."), "on"),
    ],
)
async def test_a_recogniser_that_does_not_do_as_it_was_told_is_a_problem(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, condition: dict, state: str
) -> None:
    sidecar.condition["transcriber"] = condition
    await set_up()
    await listening(sidecar)
    assert hass.states.get(PROBLEM).state == state

    sidecar.set_condition(transcriber=transcriber("failed" if state == "off" else "ready"))

    await eventually(lambda: hass.states.get(PROBLEM).state == ("on" if state == "off" else "off"))
    sidecar.set_condition(transcriber=condition)
    await eventually(lambda: hass.states.get(PROBLEM).state == state)
    attributes = hass.states.get(PROBLEM).attributes
    assert (attributes["state"], attributes["message"]) == (condition["state"], condition["detail"])


async def test_a_sidecar_that_does_not_tell_of_its_recogniser_leaves_it_unknown(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    del sidecar.condition["transcriber"], sidecar.condition["models"]

    await set_up()

    assert hass.states.get(PROBLEM).state == "unknown"
    assert hass.states.get(DOWNLOAD).state == "unknown"


async def test_a_sidecar_that_cannot_do_its_job_is_set_up_nevertheless(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    async def failed(_: web.Request) -> web.Response:
        return web.json_response({"status": "failed", "checks": []}, status=503)

    sidecar.overrides["GET", "health"] = failed

    await set_up()

    assert hass.states.get(PROBLEM).state == "unknown"
    assert hass.states.get("binary_sensor.wallflower_sidecar").state == "on"


async def test_a_health_that_is_refused_is_a_sidecar_that_cannot_be_used(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    async def broken(_: web.Request) -> web.Response:
        return problem(500, "internal")

    sidecar.overrides["GET", "health"] = broken

    entry = await set_up()

    assert entry.error_reason_translation_key == "cannot_connect"


async def test_the_download_of_a_model_shows_how_far_it_is(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)
    assert hass.states.get(DOWNLOAD).state == "unknown"
    failed = {"name": "tiny", "state": "failed", "progress": None}

    sidecar.set_condition(models=[failed, {"name": "small", "state": "downloading", "progress": 0.426}])
    await eventually(lambda: hass.states.get(DOWNLOAD).state == "43")
    assert hass.states.get(DOWNLOAD).attributes["model"] == "small"

    sidecar.set_condition(models=[failed], transcriber=transcriber("downloading", progress=0.5))
    await eventually(lambda: hass.states.get(DOWNLOAD).state == "50")
    assert hass.states.get(DOWNLOAD).attributes["model"] == "tiny.en"

    sidecar.set_condition(models=[failed], transcriber=transcriber("ready"))
    await eventually(lambda: hass.states.get(DOWNLOAD).state == "unknown")


async def test_active_cameras_are_those_that_deliver(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    sidecar.add_stream("of-somebody-else")
    await set_up(camera(), camera(GATE, "gate", "Gate"))
    await listening(sidecar)
    assert hass.states.get(ACTIVE).state == "3"

    sidecar.set_state("gate", "backoff")
    await eventually(lambda: hass.states.get(ACTIVE).state == "2")

    assert hass.states.get(ACTIVE).attributes["streams"] == 3


async def test_nothing_is_fetched_now_and_then_unless_it_is_shown(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)
    asked = len(sidecar.requests)

    async_fire_time_changed(hass, dt_util.utcnow() + 10 * MEASURES_INTERVAL)
    await hass.async_block_till_done(wait_background_tasks=False)

    assert len(sidecar.requests) == asked
    assert hass.states.get(LATENCY) is None


@pytest.mark.usefixtures("all_enabled")
async def test_the_latency_is_the_largest_lag_and_each_camera_has_its_own(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    for name in ("porch", "gate"):
        sidecar.add_stream(name)
    lagging(sidecar, "porch", 1.25)
    lagging(sidecar, "gate", 12.5, dropped_s=3.0)
    sidecar.streams["gate"]["status"]["audio"] = None

    await set_up(camera(), camera(GATE, "gate", "Gate"))

    assert hass.states.get(LATENCY).state == "12.5"
    assert hass.states.get("sensor.porch_lag").state == "1.25"
    assert hass.states.get("sensor.gate_dropped_speech").state == "3.0"
    assert hass.states.get("sensor.porch_audio_level").state == "-40.0"
    assert hass.states.get("sensor.gate_audio_level").state == "unknown"

    lagging(sidecar, "gate", 0.0)
    async_fire_time_changed(hass, dt_util.utcnow() + MEASURES_INTERVAL + timedelta(seconds=2))
    await eventually(lambda: hass.states.get(LATENCY).state == "1.25")
    assert hass.states.get("sensor.gate_lag").state == "0.0"


@pytest.mark.usefixtures("all_enabled")
async def test_measures_that_cannot_be_had_are_unknown_without_a_word(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    await set_up()
    assert hass.states.get("sensor.porch_lag").state == "0.0"

    async def refuse(_: web.Request) -> web.Response:
        return problem(503, "unavailable")

    sidecar.overrides["GET", "streams"] = refuse
    async_fire_time_changed(hass, dt_util.utcnow() + MEASURES_INTERVAL + timedelta(seconds=2))

    await eventually(lambda: hass.states.get("sensor.porch_lag").state == "unknown")
    assert hass.states.get(LATENCY).state == "unknown"
    assert not [each for each in caplog.records if "wallflower" in each.name and each.levelname != "DEBUG"]


@pytest.mark.usefixtures("all_enabled")
async def test_the_recogniser_can_be_restarted(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    await set_up()

    await hass.services.async_call("button", "press", RESTART, blocking=True)
    assert sidecar.requested("POST", "transcriber/restart")

    async def refuse(_: web.Request) -> web.Response:
        return problem(503, "unavailable")

    sidecar.overrides["POST", "transcriber/restart"] = refuse
    with pytest.raises(HomeAssistantError, match="The transcriber could not be restarted"):
        await hass.services.async_call("button", "press", RESTART, blocking=True)
