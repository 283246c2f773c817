"""Whether somebody speaks, whether camera and sidecar are connected, and whether speech becomes text."""

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import WallflowerConfigEntry
from .hub_binary_sensors import HubConnection, TranscriberProblem
from .reconcile import stream_subentries
from .stream_binary_sensors import CONNECTION, StreamBinarySensor, StreamBinarySensorDescription, StreamConnection

PARALLEL_UPDATES = 0

# What hinders the text; a transcription that is switched off is no problem.
HINDERED = frozenset({"lagging", "unavailable"})


STREAM = (
    StreamBinarySensorDescription(
        key="speech",
        translation_key="speech",
        device_class=BinarySensorDeviceClass.SOUND,
        is_on=lambda status: status.speaking,
        can_show=lambda stream: stream.is_heard,
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
            [
                StreamConnection(entry.runtime_data, subentry, CONNECTION),
                *(StreamBinarySensor(entry.runtime_data, subentry, description) for description in STREAM),
            ],
            config_subentry_id=subentry.subentry_id,
        )
