"""How many cameras work, what is being fetched, and since when the sidecar runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.components.sensor.const import SensorDeviceClass, SensorStateClass
from homeassistant.const import PERCENTAGE, EntityCategory

from .coordinator import WallflowerData
from .entity import WallflowerHubEntity

type Value = int | float | datetime | None


@dataclass(frozen=True, kw_only=True)
class HubSensorDescription(SensorEntityDescription):
    """How what is known of the sidecar becomes a state."""

    value: Callable[[WallflowerData], Value]
    attributes: Callable[[WallflowerData], dict[str, Any]] = lambda _: {}


def _download_percent(data: WallflowerData) -> float | None:
    download = data.condition.download
    return None if download is None or download.progress is None else round(100 * download.progress)


HUB = (
    HubSensorDescription(
        key="active_streams",
        translation_key="active_streams",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda data: sum(stream.status.delivers for stream in data.streams.values()),
        attributes=lambda data: {"streams": len(data.streams)},
    ),
    HubSensorDescription(
        key="model_download",
        translation_key="model_download",
        native_unit_of_measurement=PERCENTAGE,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_download_percent,
        attributes=lambda data: {"model": data.condition.download and data.condition.download.name},
    ),
    HubSensorDescription(
        key="started",
        translation_key="started",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda data: data.info.started_at,
    ),
)


class HubSensor(WallflowerHubEntity, SensorEntity):
    """One value of the sidecar."""

    entity_description: HubSensorDescription

    @property
    @override
    def native_value(self) -> Value:
        return self.entity_description.value(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        return self.entity_description.attributes(self.coordinator.data)
