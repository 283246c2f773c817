"""Every entity of every platform, the devices and the diagnostics; `--snapshot-update` writes the snapshots anew."""

from datetime import UTC, datetime
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, snapshot_platform
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.wallflower import PLATFORMS
from tests.support.waiting import eventually

from .conftest import SetUp, rule
from .fake_sidecar import FakeSidecar, hit, segment
from .happenings import listening

NOW = datetime(2026, 11, 22, 7, 20, 42, 125_000, tzinfo=UTC)
# The end lies after the set-up, which happens at the same moment.
WHEN = {"start": "2026-11-22T07:20:41.000Z", "end": "2026-11-22T07:20:42.126Z"}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.usefixtures("all_enabled")
async def test_all_entities(
    hass: HomeAssistant,
    sidecar: FakeSidecar,
    set_up: SetUp,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    platform: str,
) -> None:
    sidecar.info["started_at"] = "2026-11-22T06:00:00.000Z"
    sidecar.house_rules = [rule("fire")]
    with (
        patch("custom_components.wallflower.PLATFORMS", [platform]),
        patch("random.SystemRandom.getrandbits", return_value=1),
        patch("homeassistant.util.dt.utcnow", return_value=NOW),
    ):
        entry = await set_up()
        await listening(sidecar)
        sidecar.publish("speech.started", {"stream": "porch", "utterance": "u", "at": WHEN["start"]})
        sidecar.publish("transcript.final", segment("porch", "good morning everybody", **WHEN))
        last = sidecar.publish("keyword.detected", hit("porch", "good morning", "hit-1", **WHEN))
        await eventually(lambda: entry.runtime_data.journal.last_event_id == last)
        await hass.async_block_till_done()

        await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


async def test_diagnostics(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    sidecar: FakeSidecar,
    entry: MockConfigEntry,
    snapshot: SnapshotAssertion,
) -> None:
    await listening(sidecar)
    assert await get_diagnostics_for_config_entry(hass, hass_client, entry) == snapshot


async def test_devices(device_registry: dr.DeviceRegistry, entry: MockConfigEntry, snapshot: SnapshotAssertion) -> None:
    for device in dr.async_entries_for_config_entry(device_registry, entry.entry_id):
        assert device == snapshot(name=device.name)
