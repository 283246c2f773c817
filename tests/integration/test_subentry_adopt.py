"""Taking over a camera that the sidecar has already."""

from homeassistant.components.camera.const import CameraEntityFeature
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from tests.support.waiting import eventually

from .conftest import PORCH, SetUp, camera, rule
from .fake_sidecar import FakeSidecar
from .subentry_steps import BOTH, URL, added, answer, change, choose, start, suggested


async def test_a_camera_of_the_sidecar_can_be_taken_over(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    masked = "rtsp://ann:***@camera.test/yard"
    sidecar.add_stream("yard", name="Yard", url=masked, transport="tcp", store="text", keywords=[rule("fire")])
    entry = await set_up()
    menu = await start(hass, entry)
    assert (menu["step_id"], menu["menu_options"]) == ("choose", ["camera", "adopt"])

    form = await choose(hass, menu, "adopt")
    [selector] = form["data_schema"].schema.values()
    assert selector.config["options"] == [{"value": "yard", "label": "Yard"}]
    result = await answer(hass, form, stream="yard")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    [yard] = added(entry)
    assert (yard.title, yard.unique_id) == ("Yard", "yard")
    assert {key: yard.data[key] for key in ("url", "transport", "store", "retain_days")} == {
        "url": masked,
        "transport": "tcp",
        "store": "text",
        "retain_days": None,
    }
    assert [path for path, _ in sidecar.requested("PUT")] == ["streams/porch"]
    assert not sidecar.requested("PATCH")
    assert hass.states.get("camera.yard").attributes["supported_features"] == CameraEntityFeature.ON_OFF
    assert (await start(hass, entry))["step_id"] == "user"


async def test_beside_cameras_to_take_over_a_new_one_can_be_added(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    sidecar.add_stream("yard")
    entry = await set_up()

    form = await choose(hass, await start(hass, entry), "camera")
    assert form["step_id"] == "user"
    failed = await answer(hass, form, name="Gate", url=URL)
    await choose(hass, failed, "add_anyway")

    assert [subentry.unique_id for subentry in added(entry)] == ["gate"]


async def test_a_camera_that_went_away_cannot_be_taken_over(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    sidecar.add_stream("yard")
    entry = await set_up()
    await eventually(lambda: len(sidecar.readers) == 1)
    form = await choose(hass, await start(hass, entry), "adopt")
    sidecar.publish("stream.removed", {"stream": "yard"})
    await eventually(lambda: "yard" not in entry.runtime_data.data.streams)

    result = await answer(hass, form, stream="yard")

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "nothing_to_adopt")


async def test_the_password_of_a_camera_that_was_taken_over_can_be_kept_or_given(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    masked = "rtsp://ann:***@camera.test/porch"
    sidecar.add_stream("porch", name="Porch", url=masked)
    entry = await set_up(camera(url=masked, keywords=[]))
    other = "rtsp://ann:***@camera.test/other"
    sidecar.cameras[other] = BOTH

    form = await change(hass, entry)
    found = await answer(hass, form, **{**suggested(form), "url": "rtsp://camera.test/other"})
    await answer(hass, found)
    assert sidecar.requested("POST", "probe")[-1][1]["stream"] == "porch"
    assert entry.subentries[PORCH].data["url"] == other
    assert hass.states.get("camera.porch").attributes["supported_features"] == CameraEntityFeature.ON_OFF

    form = await change(hass, entry)
    failed = await answer(hass, form, **{**suggested(form), "password": "known now"})
    assert "stream" not in sidecar.requested("POST", "probe")[-1][1]
    await choose(hass, failed, "add_anyway")
    assert entry.subentries[PORCH].data["url"] == "rtsp://ann:known%20now@camera.test/other"
    assert hass.states.get("camera.porch").attributes["supported_features"] & CameraEntityFeature.STREAM
