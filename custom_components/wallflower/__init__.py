"""Wallflower: what the cameras hear, as states and events of Home Assistant."""

import logging

from homeassistant.const import CONF_TOKEN, CONF_URL, EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.device_registry import DeviceEntry, DeviceEntryType
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.typing import ConfigType

from .camera_lender import async_follow_lenders
from .certificate import VERIFY
from .client import WallflowerClient
from .const import CONF_CERTIFICATE, DOMAIN
from .coordinator import WallflowerConfigEntry, WallflowerCoordinator
from .exceptions import NotFoundError, WallflowerError
from .films import FilmView
from .issues import Issues, async_clear_api_issues
from .journal import Journal
from .services import async_setup_services
from .websocket_api import async_setup_websocket

_LOGGER = logging.getLogger(__name__)

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CAMERA,
    Platform.EVENT,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]


CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Offer what does not belong to one sidecar."""
    hass.http.register_view(FilmView())
    async_setup_services(hass)
    async_setup_websocket(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: WallflowerConfigEntry) -> bool:
    """Set up a sidecar with its cameras."""
    coordinator = WallflowerCoordinator(hass, entry, _client(hass, entry))
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator

    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, coordinator.data.info.server_id)},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer="Wallflower",
        model="Sidecar",
        name=entry.title,
        sw_version=coordinator.data.info.version,
    )
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    await coordinator.measures.async_refresh_if_shown()

    @callback
    def _async_started(hass: HomeAssistant) -> None:
        coordinator.listener.async_start(hass)
        coordinator.forgetting.async_forget()

    entry.async_on_unload(async_follow_lenders(coordinator))

    async def _async_stopping(_event: Event) -> None:
        await coordinator.listener.async_stop()

    @callback
    def _async_note_version() -> None:
        """A sidecar that went away may come back as a newer one."""
        devices, version = dr.async_get(hass), coordinator.data.info.version
        known = devices.async_get(device.id)
        if isinstance(known, DeviceEntry) and known.sw_version != version:
            devices.async_update_device(device.id, sw_version=version)

    entry.async_on_unload(coordinator.async_add_listener(_async_note_version))
    issues = Issues(coordinator)
    issues.async_check()
    entry.async_on_unload(coordinator.async_add_listener(issues.async_check))
    entry.async_on_unload(issues.async_clear)
    entry.async_on_unload(entry.add_update_listener(_async_reload))
    entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, _async_stopping))
    entry.async_on_unload(async_at_started(hass, _async_started))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: WallflowerConfigEntry) -> bool:
    """Unload a sidecar; events that come from now on are asked for at the next set-up."""
    await entry.runtime_data.listener.async_stop()
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: WallflowerConfigEntry) -> None:
    """Make the sidecar stop listening to the cameras that were added here."""
    async_clear_api_issues(hass, entry)
    journal = Journal(hass, entry.entry_id)
    await journal.async_load()
    client = _client(hass, entry)
    for stream_id in sorted(journal.created):
        try:
            await client.delete_stream(stream_id)
        except NotFoundError:
            continue
        except WallflowerError as error:
            _LOGGER.warning("The sidecar could not be told to forget its cameras: %s", error)
            break
    await journal.async_remove()


async def _async_reload(hass: HomeAssistant, entry: WallflowerConfigEntry) -> None:
    hass.config_entries.async_schedule_reload(entry.entry_id)


def _client(hass: HomeAssistant, entry: WallflowerConfigEntry) -> WallflowerClient:
    certificate = entry.data.get(CONF_CERTIFICATE, VERIFY)
    return WallflowerClient(async_get_clientsession(hass), entry.data[CONF_URL], entry.data[CONF_TOKEN], certificate)
