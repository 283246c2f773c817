"""Whether what a camera hears is written down, and whether it is recorded."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import WallflowerConfigEntry
from .entity import WallflowerStreamEntity
from .reconcile import stream_subentries
from .recording_switch import RecordingSwitch
from .requesting import told_as

PARALLEL_UPDATES = 1

TRANSCRIPTION = SwitchEntityDescription(key="transcription", translation_key="transcription")


async def async_setup_entry(
    hass: HomeAssistant, entry: WallflowerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switches of each camera."""
    for subentry in stream_subentries(entry).values():
        async_add_entities(
            [
                TranscriptionSwitch(entry.runtime_data, subentry, TRANSCRIPTION),
                RecordingSwitch(entry.runtime_data, subentry),
            ],
            config_subentry_id=subentry.subentry_id,
        )


class TranscriptionSwitch(WallflowerStreamEntity, SwitchEntity):
    """The sidecar keeps this setting; setting up again does not change it."""

    @property
    @override
    def is_on(self) -> bool | None:
        return None if self._stream is None else self._stream.transcribe

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self._async_set(transcribe=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self._async_set(transcribe=False)

    async def _async_set(self, *, transcribe: bool) -> None:
        with told_as("transcription_not_set"):
            stream = await self.coordinator.client.patch_stream(self._stream_id, {"transcribe": transcribe})
        self.coordinator.async_set_stream(stream)
