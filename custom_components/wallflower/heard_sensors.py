"""What was said last, the keyword among it, and how long it took to become text."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, override

from homeassistant.components.sensor import RestoreSensor, SensorEntity, SensorEntityDescription
from homeassistant.components.sensor.const import SensorDeviceClass, SensorStateClass
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import MAX_LENGTH_STATE_STATE, EntityCategory, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .const import RETRACTED
from .coordinator import WallflowerCoordinator
from .entity import WallflowerStreamEntity
from .heard import Forgotten, Hit, Segment

# Some languages write no spaces.
LONGEST_WORD = 60

TRANSCRIPT = SensorEntityDescription(key="transcript", translation_key="transcript")
LAST_KEYWORD = SensorEntityDescription(
    key="last_keyword", translation_key="last_keyword", entity_registry_enabled_default=False
)
LATENCY = SensorEntityDescription(
    key="latency",
    translation_key="latency",
    device_class=SensorDeviceClass.DURATION,
    state_class=SensorStateClass.MEASUREMENT,
    native_unit_of_measurement=UnitOfTime.SECONDS,
    suggested_display_precision=1,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)


class TranscriptSensor(WallflowerStreamEntity, SensorEntity):
    """The last sentence; without its text where not everything may be kept."""

    # The state itself is recorded, cut to its length.
    _unrecorded_attributes = frozenset({"text"})

    def __init__(self, coordinator: WallflowerCoordinator, subentry: ConfigSubentry) -> None:
        """Show what is said on one camera."""
        super().__init__(coordinator, subentry, TRANSCRIPT)

    @property
    @override
    def _current(self) -> object:
        return self._stream is not None, self._text, self._segment

    @property
    def _text(self) -> str | None:
        keeps_text = self._stream is not None and self._stream.keeps_text
        return self._segment.text if self._segment and keeps_text else None

    @property
    @override
    def native_value(self) -> str | None:
        return None if self._text is None else shortened(self._text)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        if (segment := self._segment) is None:
            return None
        return {
            "text": self._text,
            "language": segment.language,
            "start": segment.start.isoformat(timespec="milliseconds"),
            "end": segment.end.isoformat(timespec="milliseconds"),
            "confidence": segment.confidence,
            "segment": segment.id,
            "source": segment.source,
        }


def shortened(text: str) -> str:
    """Cut what is too long for a state after a word, in the middle only of one that is very long itself."""
    if len(text) <= MAX_LENGTH_STATE_STATE:
        return text
    end = text.rfind(" ", MAX_LENGTH_STATE_STATE - LONGEST_WORD, MAX_LENGTH_STATE_STATE)
    return f"{text[: MAX_LENGTH_STATE_STATE - 1 if end < 0 else end].rstrip()}…"


class LastKeywordSensor(WallflowerStreamEntity, RestoreSensor):
    """The rule that fired last; one that was taken back gives way to the one before it."""

    def __init__(self, coordinator: WallflowerCoordinator, subentry: ConfigSubentry) -> None:
        """Show the keywords of one camera."""
        super().__init__(coordinator, subentry, LAST_KEYWORD)
        self._before: tuple[str, StateType | date | Decimal] | None = None

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        if (restored := await self.async_get_last_sensor_data()) is not None:
            self._attr_native_value = restored.native_value
        self.async_on_remove(self.coordinator.async_subscribe(Hit, self._stream_id, self._handle_hit))
        self.async_on_remove(self.coordinator.async_subscribe(Forgotten, self._stream_id, self._handle_forgotten))

    @callback
    def _handle_hit(self, hit: Hit) -> None:
        if hit.state != RETRACTED:
            self._before = hit.id, self._attr_native_value
            self._attr_native_value = hit.rule_name
        elif self._before is not None and self._before[0] == hit.id:
            self._attr_native_value = self._before[1]
        self.async_write_ha_state()

    @callback
    def _handle_forgotten(self, _: Forgotten) -> None:
        self._before = self._attr_native_value = None
        self.async_write_ha_state()


class LatencySensor(WallflowerStreamEntity, SensorEntity):
    """From the end of a sentence to its text here; what was missed and came later does not count."""

    def __init__(self, coordinator: WallflowerCoordinator, subentry: ConfigSubentry) -> None:
        """Measure one camera."""
        super().__init__(coordinator, subentry, LATENCY)

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_subscribe(Segment, self._stream_id, self._handle_segment))

    @callback
    def _handle_segment(self, segment: Segment) -> None:
        if segment.source == "speech" and segment.end > self.coordinator.data.taken_at:
            self._attr_native_value = max(0.0, round((dt_util.utcnow() - segment.end).total_seconds(), 3))
            self.async_write_ha_state()
