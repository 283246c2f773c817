"""A camera that Home Assistant has already: its address is asked for when it is needed, and kept nowhere."""

import asyncio
from collections.abc import AsyncIterator
import json
from typing import Any

from homeassistant.components.camera import Camera
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.wallflower import borrowed_camera
from tests.support.waiting import eventually

from .conftest import GATE, PORCH, SetUp, camera
from .fake_sidecar import FakeSidecar
from .repair_steps import issues, mend, raised_again
from .subentry_steps import BOTH, Result, added, answer, change, choose, start, suggested

SOURCE = "rtsp://ann:secret@yard.test/1"
MOVED = "rtsp://ann:secret@yard.test/2"


class Lender(Camera):
    """A camera of another integration."""

    _attr_name = "Yard"

    def __init__(self, source: str | None = SOURCE, unique_id: str | None = "yard") -> None:
        super().__init__()
        self._attr_unique_id = unique_id
        self.source = source
        self.fault: Exception | None = None

    async def stream_source(self) -> str | None:
        if isinstance(self.fault, TimeoutError):
            await asyncio.Event().wait()
        if self.fault is not None:
            raise self.fault
        return self.source


@pytest.fixture
def lender() -> Lender:
    return Lender()


async def bring(hass: HomeAssistant, *lenders: Lender) -> None:
    assert await async_setup_component(hass, "camera", {})
    await hass.data["camera"].async_add_entities(lenders)
    await hass.async_block_till_done()


@pytest.fixture
async def yard(hass: HomeAssistant, lender: Lender, sidecar: FakeSidecar) -> Lender:
    """A camera that is there and reached from the sidecar."""
    sidecar.cameras[SOURCE] = BOTH
    await bring(hass, lender)
    return lender


def registry_id(hass: HomeAssistant) -> str:
    return er.async_get(hass).async_get("camera.yard").id


async def chosen(hass: HomeAssistant, entry: MockConfigEntry, entity_id: str = "camera.yard", **more: Any) -> Result:
    menu = await start(hass, entry)
    assert (menu["step_id"], menu["menu_options"]) == ("choose", ["camera", "existing"])
    form = await choose(hass, menu, "existing")
    assert form["step_id"] == "existing"
    return await answer(hass, form, entity_id=entity_id, **more)


def borrowed(hass: HomeAssistant, subentry_id: str = GATE) -> dict[str, Any]:
    data = {"camera_entity": registry_id(hass), "transport": "auto", "keywords": [], "store": "all"}
    return {
        "data": {**data, "retain_days": None},
        "subentry_id": subentry_id,
        "subentry_type": "stream",
        "title": "Yard",
        "unique_id": "yard",
    }


async def test_a_camera_of_home_assistant_is_listened_to_and_its_address_kept_nowhere(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, yard: Lender
) -> None:
    found = await chosen(hass, entry, keywords=["help"])
    assert found["step_id"] == "found"
    assert found["description_placeholders"]["name"] == "Yard"
    result = await answer(hass, found)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    [subentry] = added(entry)
    assert (subentry.title, subentry.unique_id) == ("Yard", "yard")
    assert subentry.data["camera_entity"] == registry_id(hass)
    assert "secret" not in json.dumps(dict(subentry.data))
    assert dict(sidecar.requested("PUT"))["streams/yard"]["url"] == SOURCE
    duplicate = er.async_get(hass).async_get_entity_id("camera", "wallflower", f"{subentry.subentry_id}_camera")
    assert er.async_get(hass).async_get(duplicate).disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_our_own_cameras_and_the_same_one_twice_cannot_be_chosen(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, yard: Lender
) -> None:
    other = Lender(unique_id="other")
    other._attr_name = "Other"
    await bring(hass, other)
    meanwhile = await choose(hass, await start(hass, entry), "existing")
    await answer(hass, await chosen(hass, entry))

    for each in ("camera.porch", "camera.yard"):
        with pytest.raises(InvalidData):
            await chosen(hass, entry, each)
    twice = await answer(hass, meanwhile, entity_id="camera.yard")
    assert twice["errors"] == {"entity_id": "camera_added"}

    await answer(hass, await chosen(hass, entry, "camera.other"))
    assert [each.title for each in added(entry)] == ["Yard", "Other"]
    assert (await start(hass, entry))["step_id"] == "user", "none is left"


async def test_a_name_that_is_none_and_a_camera_that_cannot_be_followed_are_told(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    fleeting = Lender(unique_id=None)
    fleeting._attr_name = "Fleeting"
    sidecar.cameras[SOURCE] = BOTH
    await bring(hass, Lender(), fleeting)
    form = await chosen(hass, entry, "camera.fleeting")
    assert form["errors"] == {"entity_id": "camera_without_id"}

    form = await answer(hass, form, entity_id="camera.yard", name="x" * 101)
    assert form["errors"] == {"name": "invalid_name"}

    found = await answer(hass, form, entity_id="camera.yard", name="Back yard")
    await answer(hass, found)
    assert added(entry)[0].title == "Back yard"


@pytest.mark.parametrize(
    ("source", "fault", "step"),
    [
        (None, None, "no_source"),
        ("http://yard.test/stream.m3u8", None, "not_rtsp"),
        (SOURCE, HomeAssistantError("asleep"), "camera_away"),
        (SOURCE, ConnectionError("broken"), "camera_away"),
    ],
)
async def test_without_an_address_to_listen_at_one_can_be_typed(
    hass: HomeAssistant,
    sidecar: FakeSidecar,
    entry: MockConfigEntry,
    yard: Lender,
    source: str | None,
    fault: Exception | None,
    step: str,
) -> None:
    yard.source, yard.fault = source, fault
    menu = await chosen(hass, entry, keywords=["help"], store="text")
    assert (menu["type"], menu["step_id"]) == (FlowResultType.MENU, step)
    assert menu["menu_options"] == ["camera", "existing"]
    # The page was loaded again.
    assert (await hass.config_entries.subentries.async_configure(menu["flow_id"]))["step_id"] == step

    form = await choose(hass, menu, "camera")
    assert form["step_id"] == "user"
    assert suggested(form) == {"keywords": ["help"], "store": "text"}
    found = await answer(hass, form, name="Yard", url=SOURCE, store="text")

    assert (await answer(hass, found))["type"] is FlowResultType.CREATE_ENTRY
    assert added(entry)[0].data["url"] == SOURCE


@pytest.mark.parametrize("fault", [KeyError("a bug of another integration"), TimeoutError("it never answers")])
async def test_a_camera_whose_integration_fails_or_hangs_takes_no_other_along(
    hass: HomeAssistant,
    sidecar: FakeSidecar,
    set_up: SetUp,
    yard: Lender,
    fault: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert borrowed_camera.SOURCE_TIMEOUT_S == 10
    monkeypatch.setattr(borrowed_camera, "SOURCE_TIMEOUT_S", 0.05)
    yard.fault = fault

    entry = await set_up(camera(), borrowed(hass))

    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get("camera.porch").state == "idle"
    assert "yard" not in sidecar.streams


async def test_a_camera_that_only_home_assistant_reaches_can_be_given_another_address(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, yard: Lender
) -> None:
    yard.source = "rtsp://127.0.0.1:8554/yard"
    menu = await chosen(hass, entry)
    assert (menu["type"], menu["step_id"]) == (FlowResultType.MENU, "unreachable")
    assert menu["menu_options"] == ["camera", "probe", "existing", "add_anyway"]
    assert menu["description_placeholders"]["error"] == "The camera refused the connection."

    form = await choose(hass, menu, "existing")
    assert suggested(form)["entity_id"] == "camera.yard"
    yard.source = SOURCE
    found = await answer(hass, form, entity_id="camera.yard")

    assert (await answer(hass, found))["type"] is FlowResultType.CREATE_ENTRY


async def test_a_camera_that_comes_after_us_is_waited_for(
    hass: HomeAssistant, sidecar: FakeSidecar, lender: Lender, set_up: SetUp
) -> None:
    er.async_get(hass).async_get_or_create("camera", "camera", "yard", suggested_object_id="yard")
    await set_up(borrowed(hass))
    assert "yard" not in sidecar.streams
    assert hass.states.get("binary_sensor.yard_connection").state == "unavailable"

    await bring(hass, lender)

    await eventually(lambda: "yard" in sidecar.streams)
    await hass.async_block_till_done()
    assert dict(sidecar.requested("PUT"))["streams/yard"]["url"] == SOURCE
    assert hass.states.get("binary_sensor.yard_connection").state == "on"


async def test_a_camera_that_gave_no_address_at_first_is_asked_again_when_its_state_changes(
    hass: HomeAssistant, sidecar: FakeSidecar, yard: Lender, set_up: SetUp
) -> None:
    yard.fault = HomeAssistantError("asleep")
    await set_up(borrowed(hass))
    assert "yard" not in sidecar.streams

    yard.fault = None
    yard._attr_is_recording = True
    yard.async_write_ha_state()

    await eventually(lambda: "yard" in sidecar.streams)
    assert sidecar.secrets["yard"] == "secret"


async def test_while_its_lender_is_away_a_stream_keeps_the_address_that_it_has(
    hass: HomeAssistant, sidecar: FakeSidecar, lender: Lender, set_up: SetUp
) -> None:
    er.async_get(hass).async_get_or_create("camera", "camera", "yard", suggested_object_id="yard")
    sidecar.add_stream("yard", url="rtsp://ann:***@yard.test/1", name="Garden")

    await set_up(borrowed(hass))

    assert sidecar.requested("PATCH") == [("streams/yard", {"name": "Yard"})]
    assert sidecar.streams["yard"]["url"] == "rtsp://ann:***@yard.test/1"


@pytest.mark.parametrize(
    ("state", "error"), [("auth_failed", "auth_failed"), ("backoff", "not_found"), ("open", "not_found")]
)
async def test_an_address_that_does_not_hold_any_more_is_asked_for_again(
    hass: HomeAssistant, sidecar: FakeSidecar, yard: Lender, set_up: SetUp, state: str, error: str
) -> None:
    await set_up(borrowed(hass))
    await eventually(lambda: sidecar.readers)
    fault = {"code": error, "message": "x", "at": "2026-11-22T07:20:42.125Z"}

    sidecar.set_state("yard", state, error=fault)
    await eventually(lambda: hass.states.get("binary_sensor.yard_connection").state == "off")
    await hass.async_block_till_done()
    # The same address again would only lock the account.
    assert not sidecar.requested("PATCH")

    sidecar.set_state("yard", "connecting", error=None)
    yard.source = MOVED
    sidecar.set_state("yard", state, error=fault)

    await eventually(lambda: sidecar.requested("PATCH"))
    assert sidecar.requested("PATCH") == [("streams/yard", {"url": MOVED})]


async def test_a_sidecar_that_refuses_or_a_lender_that_fails_then_is_asked_at_the_next_chance(
    hass: HomeAssistant, sidecar: FakeSidecar, yard: Lender, set_up: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    await set_up(borrowed(hass))
    await eventually(lambda: sidecar.readers)
    yard.fault = HomeAssistantError("asleep")
    sidecar.set_state("yard", "auth_failed")
    await eventually(lambda: hass.states.get("binary_sensor.yard_connection").state == "off")
    await hass.async_block_till_done()
    yard.fault, yard.source = None, "rtsp://yard.test/2"
    requests = len(sidecar.requests)

    async def refuse(_: Any) -> Any:
        raise ConnectionResetError

    sidecar.overrides["PATCH", "streams/yard"] = refuse
    sidecar.set_state("yard", "connecting")
    sidecar.set_state("yard", "auth_failed")
    await eventually(lambda: "was not told where Yard is now" in caplog.text)
    assert len(sidecar.requests) > requests
    assert "yard.test" not in caplog.text

    sidecar.overrides.clear()
    sidecar.set_state("yard", "connecting")
    sidecar.set_state("yard", "auth_failed")
    await eventually(lambda: sidecar.streams["yard"]["url"] == "rtsp://yard.test/2")


async def test_a_lender_that_is_renamed_is_still_followed_and_one_that_is_removed_is_told(
    hass: HomeAssistant, sidecar: FakeSidecar, yard: Lender, set_up: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    entry = await set_up(borrowed(hass))
    registry = er.async_get(hass)
    registry.async_update_entity("camera.yard", icon="mdi:tree")
    coordinator = entry.runtime_data
    registry.async_update_entity("camera.yard", new_entity_id="camera.garden")
    await hass.async_block_till_done()
    assert entry.runtime_data is not coordinator

    registry.async_remove("camera.garden")
    await hass.async_block_till_done()

    assert "The camera that Yard listens to is gone from Home Assistant" in caplog.text
    assert "yard" in sidecar.streams


async def test_a_borrowed_camera_can_be_changed_and_exchanged_for_an_address(
    hass: HomeAssistant, sidecar: FakeSidecar, yard: Lender, set_up: SetUp
) -> None:
    entry = await set_up(borrowed(hass, PORCH))
    form = await change(hass, entry, "existing")
    assert suggested(form) == {"entity_id": "camera.yard", "name": "Yard", "store": "all"}
    result = await answer(hass, form, entity_id="camera.yard", name="Garden", store="text")
    assert result["reason"] == "reconfigure_successful"
    assert not sidecar.requested("POST", "probe")
    assert (entry.subentries[PORCH].title, sidecar.streams["yard"]["store"]) == ("Garden", "text")

    form = await change(hass, entry, "camera")
    assert "url" not in suggested(form)
    found = await answer(hass, form, name="Garden", url=SOURCE)
    assert (await answer(hass, found))["reason"] == "reconfigure_successful"
    assert "camera_entity" not in entry.subentries[PORCH].data


async def test_live_view_asks_the_lender_each_time(
    hass: HomeAssistant, sidecar: FakeSidecar, yard: Lender, set_up: SetUp
) -> None:
    er.async_get(hass).async_get_or_create(
        "camera", "wallflower", f"{PORCH}_camera", suggested_object_id="ours", disabled_by=None
    )
    await set_up(borrowed(hass, PORCH))
    ours = hass.data["camera"].get_entity("camera.ours")
    yard.source = MOVED

    assert await ours.stream_source() == MOVED
    yard.source = None
    assert await ours.stream_source() is None


async def test_diagnostics_tell_that_a_camera_is_borrowed_and_nothing_of_its_address(
    hass: HomeAssistant, sidecar: FakeSidecar, yard: Lender, set_up: SetUp, hass_client: ClientSessionGenerator
) -> None:
    entry = await set_up(borrowed(hass))

    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)

    assert told["cameras"][0]["configured"]["borrowed"] is True
    assert "yard.test" not in json.dumps(told)


async def away_and_back(hass: HomeAssistant, how: str, yard: Lender) -> AsyncIterator[None]:
    """Lose the camera at the first step, and bring it back at the next."""
    registry = er.async_get(hass)
    if how == "camera_removed":
        registry.async_remove("camera.yard")
    elif how == "camera_disabled":
        registry.async_update_entity("camera.yard", disabled_by=er.RegistryEntryDisabler.USER)
    else:
        await yard.async_remove()
    await hass.async_block_till_done()
    yield
    if how == "camera_disabled":
        registry.async_update_entity("camera.yard", disabled_by=None)
    await bring(hass, Lender())
    yield


@pytest.mark.parametrize("how", ["camera_removed", "camera_disabled", "camera_not_provided"])
async def test_a_camera_that_is_lost_is_said_until_it_comes_back(
    hass: HomeAssistant, sidecar: FakeSidecar, yard: Lender, set_up: SetUp, how: str
) -> None:
    await set_up(borrowed(hass))
    assert issues(hass) == {}
    steps = away_and_back(hass, how, yard)

    await anext(steps)

    issue = issues(hass)["camera_lost"]
    assert (issue.is_fixable, issue.translation_placeholders) == (True, {"name": "Yard"})
    connection = hass.states.get("binary_sensor.yard_connection")
    assert (connection.state, connection.attributes["error"]) == ("on", how), "its address holds still"
    assert "econfigure" in connection.attributes["message"]

    await anext(steps)

    await eventually(lambda: not issues(hass))
    assert hass.states.get("binary_sensor.yard_connection").attributes["error"] is None


async def test_a_lost_camera_that_never_had_an_address_is_off_and_says_why(
    hass: HomeAssistant, sidecar: FakeSidecar, yard: Lender, set_up: SetUp
) -> None:
    ours = borrowed(hass)
    er.async_get(hass).async_remove("camera.yard")

    await set_up(ours)

    assert list(issues(hass)) == ["camera_lost"]
    connection = hass.states.get("binary_sensor.yard_connection")
    assert (connection.state, connection.attributes["error"]) == ("off", "camera_removed")
    assert hass.states.get("binary_sensor.yard_speech").state == "unavailable"


async def test_an_integration_that_cannot_be_set_up_is_said_and_one_that_goes_on_trying_is_not(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    maker = MockConfigEntry(domain="maker")
    maker.add_to_hass(hass)
    yard = er.async_get(hass).async_get_or_create(
        "camera", "maker", "yard", suggested_object_id="yard", config_entry=maker
    )
    yard.write_unavailable_state(hass)
    maker.mock_state(hass, ConfigEntryState.SETUP_RETRY)
    await set_up(borrowed(hass))
    assert issues(hass) == {}

    for state, lost in (
        (ConfigEntryState.SETUP_ERROR, True),
        (ConfigEntryState.SETUP_IN_PROGRESS, False),
        (ConfigEntryState.NOT_LOADED, False),
        (ConfigEntryState.LOADED, True),
    ):
        maker.mock_state(hass, state)
        assert ("camera_lost" in issues(hass)) is lost, state


@pytest.mark.parametrize("step", ["existing", "camera"])
async def test_a_lost_camera_is_mended_by_another_or_by_an_address(
    hass: HomeAssistant,
    sidecar: FakeSidecar,
    yard: Lender,
    set_up: SetUp,
    hass_client: ClientSessionGenerator,
    step: str,
) -> None:
    assert await async_setup_component(hass, "repairs", {})
    entry = await set_up(borrowed(hass))
    er.async_get(hass).async_remove("camera.yard")
    await hass.async_block_till_done()
    client = await hass_client()
    alone = await mend(client, issues(hass)["camera_lost"])
    assert alone["menu_options"] == ["camera"], "no other is there"
    other = Lender(unique_id="other")
    other._attr_name = "Other"
    await bring(hass, other)

    issue = issues(hass)["camera_lost"]
    menu = await mend(client, issue)
    assert (menu["step_id"], menu["menu_options"]) == ("init", ["existing", "camera"])
    assert menu["description_placeholders"] == {"name": "Yard"}
    opened = await mend(client, issue, menu, next_step_id=step)
    flow_id = opened["next_flow"][1]
    form = await hass.config_entries.subentries.async_configure(flow_id)
    assert suggested(form)["name"] == "Yard"
    values = {"existing": {"entity_id": "camera.other"}, "camera": {"url": SOURCE}}[step]
    assert (await answer(hass, await answer(hass, form, name="Yard", **values)))["reason"] == "reconfigure_successful"

    assert issues(hass) == {}
    later = await mend(client, raised_again(hass, issue))
    hass.config_entries.async_remove_subentry(entry, GATE)
    assert (await mend(client, None, later, next_step_id=step))["reason"] == "camera_gone"
    assert (await mend(client, raised_again(hass, issue)))["reason"] == "camera_gone"
