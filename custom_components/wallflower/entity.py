"""What all entities have in common."""

from abc import abstractmethod
from typing import override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import WallflowerCoordinator
from .heard import Segment
from .models import Stream


class WallflowerEntity(CoordinatorEntity[WallflowerCoordinator]):
    """An entity that is written only when something changed of what it shows."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: WallflowerCoordinator, description: EntityDescription) -> None:
        """Show what the coordinator knows."""
        super().__init__(coordinator)
        self.entity_description = description
        self._shown: object = None

    @property
    @abstractmethod
    def _current(self) -> object:
        """Everything that the state and the attributes are made of."""

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self._shown = self.coordinator.last_update_success, self._current

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        current = self.coordinator.last_update_success, self._current
        if self._shown != current:
            self._shown = current
            self.async_write_ha_state()


class WallflowerHubEntity(WallflowerEntity):
    """An entity of the sidecar itself."""

    def __init__(self, coordinator: WallflowerCoordinator, description: EntityDescription) -> None:
        """Belong to the sidecar's device."""
        super().__init__(coordinator, description)
        server_id = coordinator.data.info.server_id
        self._attr_unique_id = f"{server_id}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, server_id)})

    @property
    @override
    def _current(self) -> object:
        data = self.coordinator.data
        return data.info, data.condition, data.streams


class WallflowerStreamEntity(WallflowerEntity):
    """An entity of one camera."""

    def __init__(
        self, coordinator: WallflowerCoordinator, subentry: ConfigSubentry, description: EntityDescription
    ) -> None:
        """Belong to the camera's device."""
        super().__init__(coordinator, description)
        self._subentry = subentry
        self._stream_id = str(subentry.unique_id)
        self._attr_unique_id = f"{subentry.subentry_id}_{description.key}"
        entry = coordinator.config_entry
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, subentry.subentry_id)},
            manufacturer="Wallflower",
            model="Camera",
            name=subentry.title,
            via_device_id=dr.async_get_device_id_by_identifier(
                coordinator.hass,
                (DOMAIN, coordinator.data.info.server_id),
                config_entry_id=entry.entry_id,
            ),
        )

    @property
    @override
    def available(self) -> bool:
        stream = self._stream
        return super().available and stream is not None and self._can_show(stream)

    def _can_show(self, stream: Stream) -> bool:
        """Whether there is anything to show of a camera that is as `stream` says."""
        return True

    @property
    def _stream(self) -> Stream | None:
        return self.coordinator.data.streams.get(self._stream_id)

    @property
    def _segment(self) -> Segment | None:
        return self.coordinator.data.segments.get(self._stream_id)

    @property
    @override
    def _current(self) -> object:
        return self._stream
