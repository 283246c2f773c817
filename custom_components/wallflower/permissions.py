"""Who may read or control what a camera hears: whoever may do so with its camera entity."""

from homeassistant.auth.models import User
from homeassistant.components.camera.const import DOMAIN as CAMERA_DOMAIN
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN


def is_permitted(hass: HomeAssistant, user: User, subentry: ConfigSubentry, policy: str) -> bool:
    """Say whether a user has POLICY_READ or POLICY_CONTROL; the entity counts even while it is disabled."""
    entity_id = er.async_get(hass).async_get_entity_id(CAMERA_DOMAIN, DOMAIN, f"{subentry.subentry_id}_camera")
    if entity_id is None:
        return user.is_admin
    return user.permissions.check_entity(entity_id, policy)
