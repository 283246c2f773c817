"""What the entities do when they are asked: pictures, live view, the switch; and what diagnostics tell."""

from aiohttp import web
from homeassistant.components.camera import async_get_image, async_get_stream_source
from homeassistant.components.camera.const import CameraEntityFeature
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.support.waiting import eventually

from .conftest import PORCH_URL, SetUp, camera
from .fake_sidecar import JPEG, FakeSidecar, hit, problem, segment
from .happenings import listening

SWITCH = "switch.porch_transcription"


async def test_a_still_comes_from_the_sidecar_at_the_width_that_is_wanted(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    widths: list[str | None] = []

    async def note(request: web.Request) -> web.Response:
        widths.append(request.query.get("width"))
        return web.Response(body=JPEG, content_type="image/jpeg")

    await set_up()
    sidecar.overrides["GET", "streams/porch/snapshot.jpg"] = note

    assert (await async_get_image(hass, "camera.porch")).content == JPEG
    await async_get_image(hass, "camera.porch", width=640)
    await async_get_image(hass, "camera.porch", width=1)

    assert widths == [None, "640", "16"]


async def test_a_still_that_cannot_be_had_is_no_image_and_no_noise(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    async def none(_: web.Request) -> web.Response:
        return problem(503, "unavailable")

    await set_up()
    sidecar.overrides["GET", "streams/porch/snapshot.jpg"] = none

    with pytest.raises(HomeAssistantError):
        await async_get_image(hass, "camera.porch")
    assert not [each for each in caplog.records if "wallflower" in each.name and each.levelname != "DEBUG"]


@pytest.mark.parametrize(("transport", "options"), [("auto", {}), ("udp", {"rtsp_transport": "udp"})])
async def test_live_view_is_the_cameras_own_address(
    hass: HomeAssistant, set_up: SetUp, transport: str, options: dict
) -> None:
    entry = await set_up(camera(transport=transport))

    assert await async_get_stream_source(hass, "camera.porch") == PORCH_URL
    features = hass.states.get("camera.porch").attributes["supported_features"]
    assert features & CameraEntityFeature.STREAM
    entity = hass.data["camera"].get_entity("camera.porch")
    assert entity.stream_options == options
    assert entry.runtime_data.data.streams["porch"].transport == transport


@pytest.mark.parametrize(
    "masked", ["rtsp://viewer:***@camera.test:554/porch", "rtsp://camera.test:554/porch?user=viewer&password=***"]
)
async def test_without_its_password_a_camera_has_no_live_view(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, masked: str
) -> None:
    sidecar.add_stream("porch", name="Porch", url=masked)

    await set_up(camera(url=masked, keywords=[]))

    assert hass.states.get("camera.porch").attributes["supported_features"] == CameraEntityFeature.ON_OFF
    assert await async_get_stream_source(hass, "camera.porch") is None


async def test_the_switch_is_the_sidecars_setting(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    await set_up()
    assert hass.states.get(SWITCH).state == "on"

    await hass.services.async_call("switch", "turn_off", {"entity_id": SWITCH}, blocking=True)
    assert sidecar.requested("PATCH") == [("streams/porch", {"transcribe": False})]
    assert hass.states.get(SWITCH).state == "off"

    await hass.services.async_call("switch", "turn_on", {"entity_id": SWITCH}, blocking=True)
    assert hass.states.get(SWITCH).state == "on"


async def test_a_switch_that_cannot_be_turned_says_so(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return problem(503, "unavailable")

    await set_up()
    sidecar.overrides["PATCH", "streams/porch"] = refuse

    with pytest.raises(HomeAssistantError, match="Transcription could not be switched"):
        await hass.services.async_call("switch", "turn_off", {"entity_id": SWITCH}, blocking=True)
    assert hass.states.get(SWITCH).state == "on"


async def test_a_change_that_ends_after_the_connection_was_lost_makes_nothing_available(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    coordinator = entry.runtime_data
    stream = coordinator.data.streams["porch"]
    await sidecar.stop()
    await eventually(lambda: hass.states.get(SWITCH).state == "unavailable")

    coordinator.async_set_stream(stream)

    assert hass.states.get(SWITCH).state == "unavailable"


async def test_diagnostics_tell_nothing_private(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    sidecar.add_stream("the-neighbours")
    entry = await set_up()
    await listening(sidecar)
    sidecar.publish("transcript.final", segment("porch", "a very private sentence"))
    sidecar.publish("keyword.detected", hit("porch", "help", "hit-1"))
    error = {"code": "stalled", "message": "camera.test is silent", "at": "2026-11-22T07:20:42.125Z"}
    sidecar.set_state("porch", "backoff", error=error, next_retry_at="2026-11-22T07:20:43.000Z")
    await eventually(lambda: hass.states.get("camera.porch").state == "unavailable")

    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)

    text = str(told).lower()
    for private in (
        "private", "help", "good morning", "porch", "viewer", "pa%20ss", "pa ss", "camera.test",
        "a-secret-token", "127.0.0.1", "neighbours", "hit-1", "segment-",
    ):  # fmt: skip
        assert private not in text, private
    assert told["sidecar"]["connected"] is True
    assert told["events"] == {"last": 3, "newest_in_state": 0}
    assert told["cameras_of_others"] == 1
    [porch] = told["cameras"]
    assert porch["created_here"] is True
    assert porch["configured"]["has_password"] is True
    assert len(porch["configured"]["rules"]) == 2
    assert porch["sidecar"]["state"] == "backoff"
    assert porch["sidecar"]["error"] == "stalled"


async def test_diagnostics_of_a_camera_that_the_sidecar_does_not_have(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    sidecar.publish("stream.removed", {"stream": "porch"})
    await eventually(lambda: hass.states.get("camera.porch").state == "unavailable")

    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)

    assert told["cameras"][0]["sidecar"] is None

    await sidecar.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told["hub"] == {"state": "setup_retry", "reason": "cannot_connect"}
    assert told["cameras"][0]["configured"]["scheme"] == "rtsp"
    assert "127.0.0.1" not in str(told)


async def test_a_paused_camera_is_seen_but_not_heard(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    await set_up()
    await listening(sidecar)
    sidecar.streams["porch"]["transcribe"] = False
    sidecar.set_state("porch", "streaming", audio=None)
    await eventually(lambda: hass.states.get("binary_sensor.porch_speech").state == "unavailable")

    assert hass.states.get(SWITCH).state == "off"
    assert hass.states.get("binary_sensor.porch_connection").state == "on"
    assert (await async_get_image(hass, "camera.porch")).content == JPEG

    sidecar.streams["porch"]["transcribe"] = True
    sidecar.set_state("porch", "streaming")
    await eventually(lambda: hass.states.get("binary_sensor.porch_speech").state == "off")


async def test_a_camera_of_sound_alone_that_rests_while_it_is_paused_claims_no_error(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)
    sidecar.streams["porch"]["transcribe"] = False
    sidecar.set_state("porch", "idle", audio=None, video=None)
    await eventually(lambda: hass.states.get("camera.porch").state == "unavailable")

    connection = hass.states.get("binary_sensor.porch_connection")
    assert (connection.state, connection.attributes["state"]) == ("off", "idle")
    assert (connection.attributes["error"], connection.attributes["next_retry_at"]) == (None, None)
    assert hass.states.get("binary_sensor.porch_speech").state == "unavailable"
    assert hass.states.get(SWITCH).state == "off"
