"""Which language a camera hears."""

from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import WallflowerConfigEntry
from .entity import WallflowerStreamEntity
from .languages import DETECT, LANGUAGES
from .reconcile import stream_subentries
from .requesting import told_as

PARALLEL_UPDATES = 1

LANGUAGE = SelectEntityDescription(
    key="language",
    translation_key="language",
    entity_category=EntityCategory.CONFIG,
    entity_registry_enabled_default=False,
    options=[DETECT, *LANGUAGES],
)


async def async_setup_entry(
    hass: HomeAssistant, entry: WallflowerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the language of each camera."""
    for subentry in stream_subentries(entry).values():
        async_add_entities(
            [LanguageSelect(entry.runtime_data, subentry, LANGUAGE)], config_subentry_id=subentry.subentry_id
        )


class LanguageSelect(WallflowerStreamEntity, SelectEntity):
    """The sidecar keeps this setting; setting up again does not change it."""

    @property
    @override
    def current_option(self) -> str | None:
        return None if self._stream is None else self._stream.language or DETECT

    @override
    async def async_select_option(self, option: str) -> None:
        with told_as("language_not_set"):
            stream = await self.coordinator.client.patch_stream(
                self._stream_id, {"language": None if option == DETECT else option}
            )
        self.coordinator.async_set_stream(stream)
