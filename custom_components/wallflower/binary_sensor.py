"""Whether somebody speaks, whether a camera is connected, whether the sidecar is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import WallflowerConfigEntry
from .entity import WallflowerHubEntity, WallflowerStreamEntity
from .models import Stream, StreamStatus
from .reconcile import stream_subentries

PARALLEL_UPDATES = 0


def _connection_attributes(status: StreamStatus) -> dict[str, Any]:
    return {
        "state": status.state,
        "error": status.error and status.error.code,
        "message": status.error and status.error.message,
        "next_retry_at": status.next_retry_at,
        "reconnects": status.reconnects,
    }


@dataclass(frozen=True, kw_only=True)
class StreamBinarySensorDescription(BinarySensorEntityDescription):
    """How a stream's status becomes a state."""

    is_on: Callable[[StreamStatus], bool]
    attributes: Callable[[StreamStatus], dict[str, Any]] = lambda _: {}
    can_show: Callable[[Stream], bool] = lambda _: True


HUB = BinarySensorEntityDescription(
    key="hub",
    translation_key="hub",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)

STREAM = (
    StreamBinarySensorDescription(
        key="speech",
        translation_key="speech",
        device_class=BinarySensorDeviceClass.SOUND,
        is_on=lambda status: status.speaking,
        can_show=lambda stream: stream.is_heard,
    ),
    StreamBinarySensorDescription(
        key="connection",
        translation_key="connection",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on=lambda status: status.delivers,
        attributes=_connection_attributes,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: WallflowerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sidecar's binary sensor and those of its cameras."""
    async_add_entities([HubConnection(entry.runtime_data, HUB)])
    for subentry in stream_subentries(entry).values():
        async_add_entities(
            [StreamBinarySensor(entry.runtime_data, subentry, description) for description in STREAM],
            config_subentry_id=subentry.subentry_id,
        )


class HubConnection(WallflowerHubEntity, BinarySensorEntity):
    """Whether the sidecar is connected; always available, that is its purpose."""

    @property
    @override
    def available(self) -> bool:
        return True

    @property
    @override
    def is_on(self) -> bool:
        return self.coordinator.last_update_success


class StreamBinarySensor(WallflowerStreamEntity, BinarySensorEntity):
    """One yes or no of a camera."""

    entity_description: StreamBinarySensorDescription

    @override
    def _can_show(self, stream: Stream) -> bool:
        return self.entity_description.can_show(stream)

    @property
    @override
    def is_on(self) -> bool | None:
        return None if self._stream is None else self.entity_description.is_on(self._stream.status)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        return None if self._stream is None else self.entity_description.attributes(self._stream.status)
