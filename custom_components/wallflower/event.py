"""Keywords that were said, one event each."""

from datetime import timedelta
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
import homeassistant.util.dt as dt_util

from .const import CONF_STORE, RETRACTED
from .coordinator import WallflowerConfigEntry, WallflowerCoordinator
from .entity import WallflowerStreamEntity
from .heard import Hit
from .reconcile import rules_of, stream_subentries

PARALLEL_UPDATES = 0

# A hit that arrives longer than this after it was said must not ring anybody out of bed.
LATE_AFTER = timedelta(seconds=30)

KEYWORD = EventEntityDescription(key="keyword", translation_key="keyword")


async def async_setup_entry(
    hass: HomeAssistant, entry: WallflowerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the keyword event of each camera."""
    for subentry in stream_subentries(entry).values():
        async_add_entities([KeywordEvent(entry.runtime_data, subentry)], config_subentry_id=subentry.subentry_id)


class KeywordEvent(WallflowerStreamEntity, EventEntity):
    """Its event types are the rules' names, and `retracted` for a hit that was taken back."""

    def __init__(self, coordinator: WallflowerCoordinator, subentry: ConfigSubentry) -> None:
        """Know the rules of the camera."""
        super().__init__(coordinator, subentry, KEYWORD)
        self._attr_event_types = [*(rule.name for rule in rules_of(subentry)), RETRACTED]
        # What is never to be kept on disk may not stand in a state that Home Assistant keeps.
        self._tells_text = subentry.data[CONF_STORE] != "nothing"

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_subscribe(Hit, self._stream_id, self._handle_hit))

    @callback
    def _handle_hit(self, hit: Hit) -> None:
        event_type = RETRACTED if hit.state == RETRACTED else hit.rule_name
        if event_type in self.event_types:
            self._trigger_event(event_type, self._attributes(hit))
            self.async_write_ha_state()

    def _attributes(self, hit: Hit) -> dict[str, Any]:
        return {
            "hit_id": hit.id,
            "rule": hit.rule_id,
            "phrase": hit.phrase,
            "text": hit.text if self._tells_text else None,
            "confidence": hit.confidence,
            "speaker": hit.speaker,
            "start": hit.start.isoformat(timespec="milliseconds"),
            "end": hit.end.isoformat(timespec="milliseconds"),
            "segment": hit.segment,
            "state": hit.state,
            "source": hit.source,
            "late": dt_util.utcnow() - hit.start > LATE_AFTER,
        }
