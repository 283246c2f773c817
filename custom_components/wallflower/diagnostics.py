"""What helps to find a fault, and nothing that tells who lives here or what they said."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant
from yarl import URL

from .camera_url import CameraUrl
from .const import CONF_CAMERA_ENTITY, CONF_RETAIN_DAYS, CONF_STORE, CONF_TRANSPORT
from .coordinator import WallflowerConfigEntry
from .models import Rule, Stream
from .reconcile import rules_of, stream_subentries


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: WallflowerConfigEntry) -> dict[str, Any]:
    """Return chosen values only: addresses, names, ids made of names, keywords and text stay out."""
    hub = {"state": entry.state.value, "reason": entry.error_reason_translation_key}
    subentries = stream_subentries(entry)
    if entry.state is not ConfigEntryState.LOADED:
        return {"hub": hub, "cameras": [{"configured": _configured(subentry)} for subentry in subentries.values()]}
    coordinator = entry.runtime_data
    data, journal = coordinator.data, coordinator.journal
    return {
        "hub": hub,
        "sidecar": {
            "version": data.info.version,
            "api_version": data.info.api_version,
            "scheme": URL(entry.data[CONF_URL]).scheme,
            "connected": coordinator.last_update_success,
            "last_error": coordinator.last_exception and type(coordinator.last_exception).__name__,
        },
        "events": {"last": journal.last_event_id, "newest_in_state": data.newest},
        "cameras": [
            {
                "configured": _configured(subentry),
                "created_here": stream_id in journal.created,
                "sidecar": _known(data.streams.get(stream_id)),
            }
            for stream_id, subentry in subentries.items()
        ],
        "cameras_of_others": len(data.streams.keys() - subentries.keys()),
    }


def _configured(subentry: ConfigSubentry) -> dict[str, Any]:
    url = CameraUrl.parse(subentry.data[CONF_URL]) if CONF_URL in subentry.data else None
    return {
        "subentry_id": subentry.subentry_id,
        "scheme": None if url is None else url.parts.scheme,
        "has_password": None if url is None else url.password is not None,
        "borrowed": CONF_CAMERA_ENTITY in subentry.data,
        "transport": subentry.data[CONF_TRANSPORT],
        "store": subentry.data[CONF_STORE],
        "retain_days": subentry.data[CONF_RETAIN_DAYS],
        "rules": [_rule(rule) for rule in rules_of(subentry)],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "match": rule.match,
        "phrases": len(rule.phrases),
        "excluded": len(rule.excluded),
        "min_confidence": rule.min_confidence,
        "cooldown_s": rule.cooldown_s,
        "early": rule.early,
    }


def _known(stream: Stream | None) -> dict[str, Any] | None:
    if stream is None:
        return None
    status = stream.status
    return {
        "transcribe": stream.transcribe,
        "transport": stream.transport,
        "store": stream.store,
        "rules": len(stream.keywords),
        "state": status.state,
        "error": status.error and status.error.code,
        "next_retry_at": status.next_retry_at and status.next_retry_at.isoformat(),
        "reconnects": status.reconnects,
        "transcription": status.transcription,
    }
