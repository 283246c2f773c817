"""What a person may set going: a new try at a camera, the recogniser anew."""

from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.components.button.const import ButtonDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import WallflowerConfigEntry
from .entity import WallflowerHubEntity, WallflowerStreamEntity
from .reconcile import stream_subentries
from .requesting import told_as

PARALLEL_UPDATES = 1

RESTART = ButtonEntityDescription(
    key="restart_transcriber",
    translation_key="restart_transcriber",
    device_class=ButtonDeviceClass.RESTART,
    entity_category=EntityCategory.CONFIG,
    entity_registry_enabled_default=False,
)
RETRY = ButtonEntityDescription(key="retry", translation_key="retry", entity_category=EntityCategory.CONFIG)


async def async_setup_entry(
    hass: HomeAssistant, entry: WallflowerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sidecar's button and that of each camera."""
    async_add_entities([RestartButton(entry.runtime_data, RESTART)])
    for subentry in stream_subentries(entry).values():
        async_add_entities([RetryButton(entry.runtime_data, subentry, RETRY)], config_subentry_id=subentry.subentry_id)


class RestartButton(WallflowerHubEntity, ButtonEntity):
    """What recognises speech begins anew; what waits for it is kept."""

    @override
    async def async_press(self) -> None:
        with told_as("transcriber_not_restarted"):
            await self.coordinator.client.restart_transcriber()


class RetryButton(WallflowerStreamEntity, ButtonEntity):
    """The camera is tried again at once, however often it failed."""

    @override
    async def async_press(self) -> None:
        with told_as("camera_not_retried"):
            await self.coordinator.client.restart_stream(self._stream_id)
