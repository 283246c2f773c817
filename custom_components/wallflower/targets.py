"""Which cameras an automation means by a target: devices, areas, floors, labels or entities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

from .client import WallflowerClient
from .const import DOMAIN
from .coordinator import WallflowerConfigEntry
from .reconcile import stream_subentries


@dataclass(frozen=True, slots=True)
class TargetedCamera:
    """A camera of a loaded hub."""

    entry: WallflowerConfigEntry
    subentry: ConfigSubentry

    @property
    def stream_id(self) -> str:
        """The sidecar's id of it."""
        return str(self.subentry.unique_id)

    @property
    def client(self) -> WallflowerClient:
        """The way to its sidecar."""
        return self.entry.runtime_data.client


@callback
def async_targeted_cameras(hass: HomeAssistant, target: Mapping[str, Any]) -> list[TargetedCamera]:
    """Return each camera of a loaded hub whose device or any entity is meant."""
    selected = async_extract_referenced_entity_ids(hass, TargetSelection(dict(target)))
    entity_ids = selected.referenced | selected.indirectly_referenced
    devices, entities = dr.async_get(hass), er.async_get(hass)
    found: list[TargetedCamera] = []
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        for subentry in stream_subentries(entry).values():
            device = devices.async_get_device_by_identifier((DOMAIN, subentry.subentry_id), entry.entry_id)
            if device and (
                device.id in selected.referenced_devices
                or any(each.entity_id in entity_ids for each in er.async_entries_for_device(entities, device.id))
            ):
                found.append(TargetedCamera(entry, subentry))
    return found
