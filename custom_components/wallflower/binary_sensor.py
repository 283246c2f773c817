"""Whether somebody speaks, whether camera and sidecar are connected, and whether speech becomes text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import WallflowerConfigEntry
from .entity import WallflowerStreamEntity
from .hub_binary_sensors import HubConnection, TranscriberProblem
from .models import Stream, StreamStatus
from .reconcile import stream_subentries

PARALLEL_UPDATES = 0

# What hinders the text; a transcription that is switched off is no problem.
HINDERED = frozenset({"lagging", "unavailable"})


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
    StreamBinarySensorDescription(
        key="transcription_problem",
        translation_key="transcription_problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on=lambda status: status.transcription in HINDERED,
        attributes=lambda status: {"state": status.transcription},
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: WallflowerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sidecar's binary sensors and those of its cameras."""
    async_add_entities([HubConnection(entry.runtime_data), TranscriberProblem(entry.runtime_data)])
    for subentry in stream_subentries(entry).values():
        async_add_entities(
            [StreamBinarySensor(entry.runtime_data, subentry, description) for description in STREAM],
            config_subentry_id=subentry.subentry_id,
        )


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
