"""The cameras of the hubs, and which of them an automation means by devices, areas, floors or labels."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

from .client import WallflowerClient
from .const import DOMAIN
from .coordinator import WallflowerConfigEntry, WallflowerCoordinator
from .reconcile import stream_subentries

SETTLING_S = 10.0


@dataclass(frozen=True, slots=True)
class TargetedCamera:
    """A camera of a hub."""

    entry: WallflowerConfigEntry
    subentry: ConfigSubentry

    @property
    def stream_id(self) -> str:
        """The sidecar's id of it."""
        return str(self.subentry.unique_id)

    @property
    def coordinator(self) -> WallflowerCoordinator | None:
        """What its hub knows; None while that is not loaded."""
        return coordinator_of(self.entry)

    @property
    def client(self) -> WallflowerClient:
        """The way to its sidecar, while the hub is loaded."""
        return self.entry.runtime_data.client

    @property
    def is_reachable(self) -> bool:
        """Whether its sidecar answered when it was last asked."""
        return self.coordinator is not None and self.coordinator.last_update_success

    def device_id(self, hass: HomeAssistant) -> str | None:
        """Return its device, if it has one."""
        identifier = DOMAIN, self.subentry.subentry_id
        device = dr.async_get(hass).async_get_device_by_identifier(identifier, self.entry.entry_id)
        return None if device is None else device.id


async def async_settled(hass: HomeAssistant) -> None:
    """Wait for hubs that are being loaded anew, as after each change of a camera: until then they seem to have none."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLING_S):
            for entry in hass.config_entries.async_entries(DOMAIN):
                async with entry.setup_lock:
                    continue


def coordinator_of(entry: WallflowerConfigEntry) -> WallflowerCoordinator | None:
    """Return what a hub knows; None while it is not loaded."""
    return entry.runtime_data if entry.state is ConfigEntryState.LOADED else None


@callback
def async_known_cameras(hass: HomeAssistant) -> list[TargetedCamera]:
    """Return every camera, that of a hub that is not loaded too."""
    return [
        TargetedCamera(entry, subentry)
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        for subentry in stream_subentries(entry).values()
    ]


@callback
def async_loaded_cameras(hass: HomeAssistant) -> list[TargetedCamera]:
    """Return every camera of a loaded hub."""
    return [each for each in async_known_cameras(hass) if each.coordinator is not None]


def answering(cameras: Sequence[TargetedCamera]) -> list[TargetedCamera]:
    """Return those whose sidecar is there, so that one that is away spoils no answer; all if none is."""
    return [each for each in cameras if each.is_reachable] or list(cameras)


@callback
def async_targeted_cameras(hass: HomeAssistant, target: Mapping[str, Any]) -> list[TargetedCamera]:
    """Return each camera of a loaded hub whose device or any entity is meant."""
    selected = async_extract_referenced_entity_ids(hass, TargetSelection(dict(target)))
    entity_ids = selected.referenced | selected.indirectly_referenced
    entities = er.async_get(hass)
    return [
        camera
        for camera in async_loaded_cameras(hass)
        if (device_id := camera.device_id(hass)) is not None
        and (
            device_id in selected.referenced_devices
            or any(each.entity_id in entity_ids for each in er.async_entries_for_device(entities, device_id))
        )
    ]
