"""Changing a camera: what reaches it in another way is tried first."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .conftest import PORCH, PORCH_URL
from .fake_sidecar import FakeSidecar
from .subentry_steps import BOTH, answer, change, choose, suggested


async def test_a_change_of_what_is_kept_is_kept_without_trying_the_camera(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    form = await change(hass, entry)
    assert suggested(form) == {
        "name": "Porch",
        "url": "rtsp://camera.test:554/porch",
        "username": "viewer",
        "store": "all",
    }

    result = await answer(hass, form, **{**suggested(form), "name": "Front porch", "retain_days": 7})

    assert result["reason"] == "reconfigure_successful"
    assert not sidecar.requested("POST", "probe")
    porch = entry.subentries[PORCH]
    assert (porch.title, porch.unique_id) == ("Front porch", "porch")
    assert porch.data["url"] == PORCH_URL
    assert [each["name"] for each in sidecar.streams["porch"]["keywords"]] == ["help", "good morning"]
    assert sidecar.streams["porch"]["name"] == "Front porch"
    assert sidecar.streams["porch"]["retain_days"] == 7


async def test_another_path_is_tried_with_the_known_password(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    url = "rtsp://viewer:pa%20ss@camera.test:554/other"
    sidecar.cameras[url] = BOTH
    form = await change(hass, entry)

    found = await answer(hass, form, **{**suggested(form), "url": "rtsp://camera.test:554/other"})
    assert found["step_id"] == "found"
    result = await answer(hass, found)

    assert result["reason"] == "reconfigure_successful"
    assert entry.subentries[PORCH].data["url"] == url
    assert sidecar.requested("PATCH")[-1] == ("streams/porch", {"url": url})


@pytest.mark.parametrize(
    "values",
    [
        {"url": "rtsp://elsewhere.test:554/porch"},
        {"url": "rtsp://camera.test:555/porch"},
        {"username": "somebody else"},
        {"url": "rtsp://somebody:***@camera.test:554/porch"},
    ],
)
async def test_another_account_or_camera_needs_its_password(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, values: dict
) -> None:
    form = await change(hass, entry)

    result = await answer(hass, form, **{**suggested(form), **values})
    assert result["errors"] == {"password": "password_needed"}
    assert not sidecar.requested("POST", "probe")

    failed = await answer(hass, result, **{**suggested(form), **values, "password": "new"})
    result = await choose(hass, failed, "add_anyway")
    assert result["reason"] == "reconfigure_successful"
    assert ":new@" in entry.subentries[PORCH].data["url"]


async def test_an_account_can_be_taken_away(hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry) -> None:
    sidecar.cameras["rtsp://camera.test:554/porch"] = BOTH
    form = await change(hass, entry)
    values = suggested(form)
    del values["username"]

    await answer(hass, await answer(hass, form, **values))

    assert entry.subentries[PORCH].data["url"] == "rtsp://camera.test:554/porch"


async def test_a_failed_change_can_be_corrected(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    form = await change(hass, entry)
    failed = await answer(hass, form, **{**suggested(form), "url": "rtsp://camera.test:554/wrong"})

    form = await choose(hass, failed, "camera")

    assert form["step_id"] == "details"
    assert suggested(form)["url"] == "rtsp://camera.test:554/wrong"
    result = await answer(hass, form, **{**suggested(form), "url": "rtsp://camera.test:554/porch"})
    assert result["reason"] == "reconfigure_successful"
