"""What Home Assistant's system page says of each sidecar."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration, async_check_can_reach_url
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant, callback
from yarl import URL

from .const import DOMAIN
from .coordinator import WallflowerCoordinator
from .reconcile import stream_subentries


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Take part."""
    register.async_register_info(async_system_health_info)


async def async_system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return counts and versions, never what was said; of several sidecars the first is reached for."""
    entries = hass.config_entries.async_loaded_entries(DOMAIN)
    if not entries:
        return {"sidecars": len(hass.config_entries.async_entries(DOMAIN)), "connected": 0}
    coordinators: list[WallflowerCoordinator] = [entry.runtime_data for entry in entries]
    url = URL(entries[0].data[CONF_URL]) / "api" / "v1" / "health" / "live"
    shown = [
        coordinator.data.streams[stream_id]
        for coordinator in coordinators
        for stream_id in stream_subentries(coordinator.config_entry)
        if stream_id in coordinator.data.streams
    ]
    transcribers = [each.data.condition.transcriber for each in coordinators]
    return {
        "sidecars": len(hass.config_entries.async_entries(DOMAIN)),
        "connected": sum(each.last_update_success for each in coordinators),
        "can_reach_sidecar": async_check_can_reach_url(hass, str(url)),
        "sidecar_version": ", ".join(sorted({each.data.info.version for each in coordinators})),
        "transcriber": ", ".join(f"{each.engine}: {each.state}" for each in transcribers if each) or "–",
        "cameras": len(shown),
        "cameras_delivering": sum(stream.status.delivers for stream in shown),
    }
