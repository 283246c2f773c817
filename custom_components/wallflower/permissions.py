"""Who may read or control what a camera hears: whoever may do so with its camera entity."""

from collections.abc import Iterable

from homeassistant.auth.models import User
from homeassistant.components.camera.const import DOMAIN as CAMERA_DOMAIN
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import UnknownUser
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .targets import TargetedCamera


def camera_entity_id(hass: HomeAssistant, subentry: ConfigSubentry) -> str | None:
    """Return the camera entity of a camera, disabled or not."""
    return er.async_get(hass).async_get_entity_id(CAMERA_DOMAIN, DOMAIN, f"{subentry.subentry_id}_camera")


def is_permitted(hass: HomeAssistant, user: User, subentry: ConfigSubentry, policy: str) -> bool:
    """Say whether a user has POLICY_READ or POLICY_CONTROL; the entity counts even while it is disabled."""
    if (entity_id := camera_entity_id(hass, subentry)) is None:
        return user.is_admin
    return user.permissions.check_entity(entity_id, policy)


def permitted(
    hass: HomeAssistant, user: User | None, policy: str, cameras: Iterable[TargetedCamera]
) -> list[TargetedCamera]:
    """Return those cameras that a user may read or control: all for Home Assistant itself."""
    return [each for each in cameras if user is None or is_permitted(hass, user, each.subentry, policy)]


async def async_caller(call: ServiceCall) -> User | None:
    """Return who calls an action, None for Home Assistant itself; raises UnknownUser."""
    if call.context.user_id is None:
        return None
    if (user := await call.hass.auth.async_get_user(call.context.user_id)) is None:
        raise UnknownUser(context=call.context)
    return user
