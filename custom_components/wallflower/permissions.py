"""Who may read or control what a camera hears: whoever may do so with its camera entity."""

from homeassistant.auth.models import User
from homeassistant.components.camera.const import DOMAIN as CAMERA_DOMAIN
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import UnknownUser
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .targets import TargetedCamera, async_loaded_cameras


def camera_entity_id(hass: HomeAssistant, subentry: ConfigSubentry) -> str | None:
    """Return the camera entity of a camera, disabled or not."""
    return er.async_get(hass).async_get_entity_id(CAMERA_DOMAIN, DOMAIN, f"{subentry.subentry_id}_camera")


def is_permitted(hass: HomeAssistant, user: User, subentry: ConfigSubentry, policy: str) -> bool:
    """Say whether a user has POLICY_READ or POLICY_CONTROL; the entity counts even while it is disabled."""
    if (entity_id := camera_entity_id(hass, subentry)) is None:
        return user.is_admin
    return user.permissions.check_entity(entity_id, policy)


@callback
def async_permitted_cameras(hass: HomeAssistant, user: User | None, policy: str) -> list[TargetedCamera]:
    """Return the cameras of loaded hubs that a user may read or control: for Home Assistant itself, all."""
    return [
        each for each in async_loaded_cameras(hass) if user is None or is_permitted(hass, user, each.subentry, policy)
    ]


async def async_caller(call: ServiceCall) -> User | None:
    """Return who calls an action, None for Home Assistant itself; raises UnknownUser."""
    if call.context.user_id is None:
        return None
    if (user := await call.hass.auth.async_get_user(call.context.user_id)) is None:
        raise UnknownUser(context=call.context)
    return user
