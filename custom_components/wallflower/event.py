"""Keywords and sentences that were said, one event each."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import WallflowerConfigEntry
from .heard_events import UTTERANCE, KeywordEvent, UtteranceEvent
from .reconcile import stream_subentries

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: WallflowerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the events of each camera."""
    for subentry in stream_subentries(entry).values():
        async_add_entities(
            [KeywordEvent(entry.runtime_data, subentry), UtteranceEvent(entry.runtime_data, subentry, UTTERANCE)],
            config_subentry_id=subentry.subentry_id,
        )
