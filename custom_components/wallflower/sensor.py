"""What was said last and when, and how the sidecar and its cameras fare."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.components.sensor.const import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import WallflowerConfigEntry, WallflowerData
from .entity import WallflowerStreamEntity
from .heard_sensors import LastKeywordSensor, LatencySensor, TranscriptSensor
from .hub_sensors import HUB, HubSensor, Value
from .measured_sensors import LARGEST_LAG, MEASURED, HubLatencySensor, MeasuredSensor
from .reconcile import stream_subentries

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class StreamSensorDescription(SensorEntityDescription):
    """How what is known of one stream becomes a state."""

    value: Callable[[WallflowerData, str], Value]


STREAM = (
    StreamSensorDescription(
        key="last_speech",
        translation_key="last_speech",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda data, stream_id: data.last_speech.get(stream_id),
    ),
    StreamSensorDescription(
        key="reconnects",
        translation_key="reconnects",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda data, stream_id: stream.status.reconnects if (stream := data.streams.get(stream_id)) else None,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: WallflowerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of the sidecar and those of its cameras."""
    coordinator = entry.runtime_data
    async_add_entities(
        [*(HubSensor(coordinator, description) for description in HUB), HubLatencySensor(coordinator, LARGEST_LAG)]
    )
    for subentry in stream_subentries(entry).values():
        async_add_entities(
            [
                TranscriptSensor(coordinator, subentry),
                LastKeywordSensor(coordinator, subentry),
                LatencySensor(coordinator, subentry),
                *(StreamSensor(coordinator, subentry, description) for description in STREAM),
                *(MeasuredSensor(coordinator, subentry, description) for description in MEASURED),
            ],
            config_subentry_id=subentry.subentry_id,
        )


class StreamSensor(WallflowerStreamEntity, SensorEntity):
    """One value of a camera."""

    entity_description: StreamSensorDescription

    @property
    @override
    def native_value(self) -> Value:
        return self.entity_description.value(self.coordinator.data, self._stream_id)

    @property
    @override
    def _current(self) -> object:
        return self._stream is not None, self.native_value
