"""What is said, as event entities."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import callback
import homeassistant.util.dt as dt_util

from .const import CONF_STORE, RETRACTED
from .coordinator import WallflowerCoordinator
from .entity import WallflowerStreamEntity
from .heard import Forgotten, Hit, Segment
from .models import Rule
from .reconcile import rules_of

# What arrives longer than this after it was said must not ring anybody out of bed.
LATE_AFTER = timedelta(seconds=30)

UTTERED = "utterance"

KEYWORD = EventEntityDescription(key="keyword", translation_key="keyword")
UTTERANCE = EventEntityDescription(
    key="utterance", translation_key="utterance", event_types=[UTTERED], entity_registry_enabled_default=False
)


class HeardEvent(WallflowerStreamEntity, EventEntity):
    """Something that was said; it can be forgotten, and its text is shown only as long as it may be kept."""

    _unrecorded_attributes = frozenset({"text"})
    _telling: frozenset[str]
    """The `store` policies with which the text is told; Home Assistant keeps states, over its restarts too."""

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self._withhold()
        self.async_on_remove(self.coordinator.async_subscribe(Forgotten, self._stream_id, self._handle_forgotten))

    @property
    @override
    def _current(self) -> object:
        return self._stream is not None, self.event_types, self._tells_text

    @property
    def _tells_text(self) -> bool:
        stream = self._stream
        return (self._subentry.data[CONF_STORE] if stream is None else stream.store) in self._telling

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._withhold()
        super()._handle_coordinator_update()

    def _withhold(self) -> None:
        """Show no sentence that is not to be kept any more."""
        if not self._tells_text and self.state_attributes.get("text") is not None:
            take_back(self)

    @callback
    def _handle_forgotten(self, _: Forgotten) -> None:
        take_back(self)
        self.async_write_ha_state()


def take_back(event: EventEntity) -> None:
    """Have an event entity as if nothing had happened yet.

    Home Assistant knows no way to do so; all that it shows and restores is made of these three, which are its own.
    """
    for part in ("triggered", "type", "attributes"):
        vars(event).pop(f"_EventEntity__last_event_{part}", None)


class KeywordEvent(HeardEvent):
    """Its event types are the names of the camera's rules and of the house's, and `retracted` for a hit taken back."""

    _telling = frozenset({"all", "text", "keywords"})

    def __init__(self, coordinator: WallflowerCoordinator, subentry: ConfigSubentry) -> None:
        """Know the rules that hold for the camera."""
        super().__init__(coordinator, subentry, KEYWORD)
        self._note_rules()

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_subscribe(Hit, self._stream_id, self._handle_hit))

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._note_rules()
        super()._handle_coordinator_update()

    def _note_rules(self) -> None:
        own = rules_of(self._subentry) if self._stream is None else self._stream.keywords
        self._attr_event_types = [*_rule_names(own, self.coordinator.data.house_rules), RETRACTED]

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
            "late": is_late(hit.start),
        }


class UtteranceEvent(HeardEvent):
    """Each sentence; without its text where not everything may be kept."""

    _telling = frozenset({"all", "text"})

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_subscribe(Segment, self._stream_id, self._handle_segment))

    @callback
    def _handle_segment(self, segment: Segment) -> None:
        self._trigger_event(UTTERED, self._attributes(segment))
        self.async_write_ha_state()

    def _attributes(self, segment: Segment) -> dict[str, Any]:
        return {
            "text": segment.text if self._tells_text else None,
            "language": segment.language,
            "confidence": segment.confidence,
            "start": segment.start.isoformat(timespec="milliseconds"),
            "end": segment.end.isoformat(timespec="milliseconds"),
            "segment": segment.id,
            "source": segment.source,
            "late": is_late(segment.start),
        }


def _rule_names(own: Sequence[Rule], house: Sequence[Rule]) -> list[str]:
    """Return the names of the rules that hold: an own one takes the place of a house's with the same id or name."""
    ids, names = {rule.id for rule in own}, [rule.name for rule in own]
    return names + [rule.name for rule in house if rule.id not in ids and rule.name not in {*names, RETRACTED}]


def is_late(start: datetime) -> bool:
    """Whether something that was said then arrives too late to ring anybody."""
    return dt_util.utcnow() - start > LATE_AFTER
