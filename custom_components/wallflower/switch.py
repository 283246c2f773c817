"""Whether what a camera hears is written down."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .coordinator import WallflowerConfigEntry
from .entity import WallflowerStreamEntity
from .exceptions import WallflowerError
from .reconcile import stream_subentries

PARALLEL_UPDATES = 1

TRANSCRIPTION = SwitchEntityDescription(key="transcription", translation_key="transcription")


async def async_setup_entry(
    hass: HomeAssistant, entry: WallflowerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switch of each camera."""
    for subentry in stream_subentries(entry).values():
        async_add_entities(
            [TranscriptionSwitch(entry.runtime_data, subentry, TRANSCRIPTION)],
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
        try:
            stream = await self.coordinator.client.patch_stream(self._stream_id, {"transcribe": transcribe})
        except WallflowerError as error:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="transcription_not_set",
                translation_placeholders={"error": str(error)},
            ) from error
        self.coordinator.async_set_stream(stream)
