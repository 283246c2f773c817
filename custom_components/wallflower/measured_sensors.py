"""What is fetched now and then, while these are enabled: how far the text is behind, how loud it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.components.sensor.const import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfTime

from .entity import WallflowerEntity, WallflowerHubEntity, WallflowerStreamEntity
from .models import Measures


@dataclass(frozen=True, kw_only=True)
class MeasuredSensorDescription(SensorEntityDescription):
    """How the measures of a stream become a state."""

    value: Callable[[Measures], float | None]


LARGEST_LAG = SensorEntityDescription(
    key="latency",
    translation_key="hub_latency",
    device_class=SensorDeviceClass.DURATION,
    state_class=SensorStateClass.MEASUREMENT,
    native_unit_of_measurement=UnitOfTime.SECONDS,
    suggested_display_precision=1,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)

MEASURED = (
    MeasuredSensorDescription(
        key="lag",
        translation_key="lag",
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda measures: measures.lag_s,
    ),
    MeasuredSensorDescription(
        key="dropped_speech",
        translation_key="dropped_speech",
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda measures: measures.dropped_s,
    ),
    MeasuredSensorDescription(
        key="audio_level",
        translation_key="audio_level",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement="dBFS",
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda measures: measures.level_dbfs,
    ),
)


class _Measured(WallflowerEntity, SensorEntity):
    """It is written, too, when new measures came."""

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.measures.async_add_listener(self._handle_coordinator_update))


class HubLatencySensor(_Measured, WallflowerHubEntity):
    """How far behind the text of that stream is which waits longest."""

    @property
    @override
    def native_value(self) -> float | None:
        return max((measures.lag_s for measures in self.coordinator.measures.data.values()), default=None)

    @property
    @override
    def _current(self) -> object:
        return self.native_value


class MeasuredSensor(_Measured, WallflowerStreamEntity):
    """One measure of a camera."""

    entity_description: MeasuredSensorDescription

    @property
    @override
    def native_value(self) -> float | None:
        measures = self.coordinator.measures.data.get(self._stream_id)
        return None if measures is None else self.entity_description.value(measures)

    @property
    @override
    def _current(self) -> object:
        return self._stream is not None, self.native_value
