"""A camera that another integration knows: its address is asked for when it is needed, and never kept."""

import asyncio
import logging
from typing import TYPE_CHECKING

from homeassistant.components.camera import async_get_stream_source
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_URL, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from .camera_url import CameraUrl
from .const import CONF_CAMERA_ENTITY, DOMAIN
from .reconcile import stream_subentries

if TYPE_CHECKING:
    from .coordinator import WallflowerConfigEntry

_LOGGER = logging.getLogger(__name__)

# As long as Home Assistant itself waits for one.
SOURCE_TIMEOUT_S = 10.0


class SourceError(Exception):
    """There is no address to listen at; `key` names the step that says why and offers to type one."""

    def __init__(self, key: str) -> None:
        """Keep the key."""
        super().__init__(key)
        self.key = key


def lenders(hass: HomeAssistant) -> list[er.RegistryEntry]:
    """Return the cameras of other integrations."""
    return [
        entity
        for entity in er.async_get(hass).entities.values()
        if entity.domain == Platform.CAMERA and entity.platform != DOMAIN and entity.disabled_by is None
    ]


def own_cameras(hass: HomeAssistant) -> list[str]:
    """Return the entity ids of our own cameras."""
    entities = er.async_get(hass).entities.values()
    return [entity.entity_id for entity in entities if (entity.domain, entity.platform) == (Platform.CAMERA, DOMAIN)]


def lender_of(hass: HomeAssistant, subentry: ConfigSubentry) -> er.RegistryEntry | None:
    """Return the camera that a subentry borrows, as long as it is there."""
    registry_id = subentry.data.get(CONF_CAMERA_ENTITY)
    return None if registry_id is None else er.async_get(hass).entities.get_entry(registry_id)


async def source_of(hass: HomeAssistant, registry_id: str) -> str:
    """Return a camera's RTSP address as it is now; raises SourceError."""
    entity = er.async_get(hass).entities.get_entry(registry_id)
    if entity is None:
        raise SourceError("camera_away")
    try:
        async with asyncio.timeout(SOURCE_TIMEOUT_S):
            source = await async_get_stream_source(hass, entity.entity_id)
    except (HomeAssistantError, TimeoutError) as error:
        raise SourceError("camera_away") from error
    except Exception as error:
        # It is another integration's code: its fault must not take the other cameras along.
        _LOGGER.debug("The integration of %s failed: %s", entity.entity_id, type(error).__name__)
        raise SourceError("camera_away") from error
    if source is None:
        raise SourceError("no_source")
    try:
        return CameraUrl.parse(source).text
    except ValueError:
        raise SourceError("not_rtsp") from None


async def addresses(hass: HomeAssistant, entry: WallflowerConfigEntry) -> dict[str, str]:
    """Return the address of each stream that has one now."""

    async def ask(subentry: ConfigSubentry) -> str | None:
        try:
            return await address_of(hass, subentry)
        except SourceError:
            return None

    wanted = stream_subentries(entry)
    answers = await asyncio.gather(*(ask(subentry) for subentry in wanted.values()))
    return {stream_id: answer for stream_id, answer in zip(wanted, answers, strict=True) if answer is not None}


async def address_of(hass: HomeAssistant, subentry: ConfigSubentry) -> str:
    """Return where a camera is to be listened to now; raises SourceError."""
    if (registry_id := subentry.data.get(CONF_CAMERA_ENTITY)) is not None:
        return await source_of(hass, registry_id)
    url: str = subentry.data[CONF_URL]
    return url
