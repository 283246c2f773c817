"""Which cameras an automation means by a target: devices, areas, floors, labels or entities."""

from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

from .const import DOMAIN
from .coordinator import WallflowerConfigEntry
from .reconcile import stream_subentries


@callback
def async_targeted_streams(hass: HomeAssistant, target: dict[str, Any]) -> list[tuple[WallflowerConfigEntry, str]]:
    """Return hub and stream id of each camera of a loaded hub whose device or any entity is meant."""
    selected = async_extract_referenced_entity_ids(hass, TargetSelection(target))
    entity_ids = selected.referenced | selected.indirectly_referenced
    devices, entities = dr.async_get(hass), er.async_get(hass)
    found: list[tuple[WallflowerConfigEntry, str]] = []
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        for stream_id, subentry in stream_subentries(entry).items():
            device = devices.async_get_device_by_identifier((DOMAIN, subentry.subentry_id), entry.entry_id)
            if device and (
                device.id in selected.referenced_devices
                or any(each.entity_id in entity_ids for each in er.async_entries_for_device(entities, device.id))
            ):
                found.append((entry, stream_id))
    return found
