"""A hub is set up, kept, taken down."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from tests.support.waiting import eventually

from .conftest import GATE, PORCH, SetUp, camera
from .fake_sidecar import FakeSidecar


async def test_each_camera_has_a_device_behind_the_hubs_and_entities_named_after_its_subentry(
    hass: HomeAssistant,
    set_up: SetUp,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    entry = await set_up(camera(), camera(GATE, "gate", "Gate"))

    assert entry.state is ConfigEntryState.LOADED
    hub = device_registry.async_get_device_by_identifier(("wallflower", "server-1"), entry.entry_id)
    porch = device_registry.async_get_device_by_identifier(("wallflower", PORCH), entry.entry_id)
    assert porch.via_device_id == hub.id
    assert porch.config_subentry_id == PORCH
    assert hub.sw_version == "0.1.0"
    entities = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    for entity in entities:
        owner = entity.config_subentry_id or "server-1"
        assert entity.unique_id.startswith(f"{owner}_")
        assert entity.device_id == device_registry.async_get_device_by_identifier(
            ("wallflower", owner), entry.entry_id
        ).id  # fmt: skip
    of_porch, of_gate = (
        {entity.unique_id.removeprefix(owner) for entity in entities if entity.config_subentry_id == owner}
        for owner in (PORCH, GATE)
    )
    assert of_porch == of_gate
    assert "_camera" in of_porch


@pytest.mark.usefixtures("quick_retries")
async def test_a_sidecar_that_comes_back_newer_is_shown_with_its_version(
    sidecar: FakeSidecar, set_up: SetUp, device_registry: dr.DeviceRegistry
) -> None:
    entry = await set_up()
    await eventually(lambda: len(sidecar.readers) == 1)
    hub = device_registry.async_get_device_by_identifier(("wallflower", "server-1"), entry.entry_id)

    sidecar.info["version"] = "0.2.0"
    sidecar.cut()

    await eventually(lambda: device_registry.async_get(hub.id).sw_version == "0.2.0")


async def test_unloading_ends_the_event_stream(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    entry = await set_up()
    await eventually(lambda: len(sidecar.readers) == 1)

    assert await hass.config_entries.async_unload(entry.entry_id)

    assert entry.state is ConfigEntryState.NOT_LOADED
    await eventually(lambda: not sidecar.readers)
    assert hass.states.get("camera.porch").state == "unavailable"


async def test_a_hub_that_is_unloaded_while_home_assistant_stops_complains_of_nothing(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    entry = await set_up()
    await eventually(lambda: sidecar.readers)

    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await eventually(lambda: not sidecar.readers)
    assert await hass.config_entries.async_unload(entry.entry_id)

    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_hub_can_be_unloaded_before_home_assistant_has_started(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    hass.set_state(CoreState.not_running)
    entry = await set_up()

    assert await hass.config_entries.async_unload(entry.entry_id)

    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    assert not sidecar.readers
