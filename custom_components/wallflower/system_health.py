"""What Home Assistant's system page says of each sidecar."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.core import HomeAssistant, callback

from .client import WallflowerClient
from .const import DOMAIN
from .coordinator import WallflowerCoordinator
from .exceptions import WallflowerError, WallflowerTimeoutError
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
        "can_reach_sidecar": _reach(coordinators[0].client),
        "sidecar_version": ", ".join(sorted({each.data.info.version for each in coordinators})),
        "transcriber": ", ".join(f"{each.engine}: {each.state}" for each in transcribers if each) or "–",
        "cameras": len(shown),
        "cameras_delivering": sum(stream.status.delivers for stream in shown),
    }


async def _reach(client: WallflowerClient) -> str | dict[str, str]:
    """Ask the sidecar as the hub does, whose certificate may be accepted here and nowhere else."""
    try:
        await client.info()
    except WallflowerTimeoutError:
        return {"type": "failed", "error": "timeout"}
    except WallflowerError:
        return {"type": "failed", "error": "unreachable"}
    return "ok"
