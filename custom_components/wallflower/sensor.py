"""What was said last."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.const import MAX_LENGTH_STATE_STATE
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import WallflowerConfigEntry
from .entity import WallflowerStreamEntity
from .reconcile import stream_subentries

PARALLEL_UPDATES = 0

TRANSCRIPT = SensorEntityDescription(key="transcript", translation_key="transcript")


async def async_setup_entry(
    hass: HomeAssistant, entry: WallflowerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the transcript of each camera."""
    for subentry in stream_subentries(entry).values():
        async_add_entities(
            [TranscriptSensor(entry.runtime_data, subentry, TRANSCRIPT)],
            config_subentry_id=subentry.subentry_id,
        )


class TranscriptSensor(WallflowerStreamEntity, SensorEntity):
    """The last sentence; without its text where not everything may be kept."""

    # The state itself is recorded, cut to its length.
    _unrecorded_attributes = frozenset({"text"})

    @property
    def _text(self) -> str | None:
        keeps_text = self._stream is not None and self._stream.keeps_text
        return self._segment.text if self._segment and keeps_text else None

    @property
    @override
    def native_value(self) -> str | None:
        text = self._text
        if text is None or len(text) <= MAX_LENGTH_STATE_STATE:
            return text
        return f"{text[: MAX_LENGTH_STATE_STATE - 1]}…"

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
