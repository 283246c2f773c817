"""Why Home Assistant cannot lend a camera any more, as far as that does not pass by itself."""

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import ATTR_RESTORED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import entity_registry as er

from .const import CONF_CAMERA_ENTITY
from .models import StreamError

REMOVED = StreamError(
    "camera_removed",
    "The camera that this one listens to was removed from Home Assistant. Reconfigure this one: choose another, or type"
    " its address.",
)
DISABLED = StreamError(
    "camera_disabled",
    "The camera that this one listens to is disabled in Home Assistant. Enable it, or reconfigure this one.",
)
NOT_PROVIDED = StreamError(
    "camera_not_provided",
    "The integration of the camera that this one listens to does not provide it. Repair that, or reconfigure this one.",
)

# The states in which an integration does not go on by itself; one that is unloaded in between is loaded at once.
_SETTLED = frozenset(
    {
        ConfigEntryState.LOADED,
        ConfigEntryState.SETUP_ERROR,
        ConfigEntryState.MIGRATION_ERROR,
        ConfigEntryState.FAILED_UNLOAD,
        ConfigEntryState.NOT_LOADED,
    }
)


def loss_of(hass: HomeAssistant, subentry: ConfigSubentry) -> StreamError | None:
    """Return why a borrowed camera will not come back by itself; None for one that is there, or typed."""
    if (registry_id := subentry.data.get(CONF_CAMERA_ENTITY)) is None:
        return None
    if (entity := er.async_get(hass).entities.get_entry(registry_id)) is None:
        return REMOVED
    if entity.disabled_by is not None:
        return DISABLED
    return NOT_PROVIDED if hass.state is CoreState.running and _is_orphaned(hass, entity) else None


def _is_orphaned(hass: HomeAssistant, entity: er.RegistryEntry) -> bool:
    """Whether only the registry still knows it, and nobody is about to bring it."""
    state = hass.states.get(entity.entity_id)
    if state is None or not state.attributes.get(ATTR_RESTORED):
        return False
    entry_id = entity.config_entry_id
    entry = None if entry_id is None else hass.config_entries.async_get_entry(entry_id)
    return entry is None or entry.state in _SETTLED
