"""What a dashboard asks for, and the cameras that it means, as far as its user may see or control them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.components.websocket_api.const import ERR_NOT_FOUND, ERR_UNAUTHORIZED
from homeassistant.core import HomeAssistant

from .permissions import is_permitted, permitted
from .targets import TargetedCamera, answering, async_known_cameras

if TYPE_CHECKING:
    # What Home Assistant serves under the other name.
    import probatio as vol
else:
    import voluptuous as vol

CAMERA = "camera"
ERR_NOT_LOADED = "not_loaded"

CAMERA_FIELDS: dict[vol.Marker, object] = {vol.Optional(CAMERA): str}
ONE_CAMERA_FIELDS: dict[vol.Marker, object] = {vol.Required(CAMERA): str}

type Message = dict[str, Any]


class RefusedError(Exception):
    """The user may not, there is no such camera, or something is wrong with the fields."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code that Home Assistant's frontend knows."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, and the command's fields; a camera is named by the id of its subentry."""

    hass: HomeAssistant
    user: User
    fields: Message

    def known(self) -> list[TargetedCamera]:
        """Return the camera that is named, or all; raises RefusedError if that is none."""
        wanted = self.fields.get(CAMERA)
        cameras = [each for each in async_known_cameras(self.hass) if wanted in {None, each.subentry.subentry_id}]
        found = permitted(self.hass, self.user, POLICY_READ, cameras)
        if wanted is not None and not found:
            raise RefusedError(ERR_NOT_FOUND, "There is no such camera, or you may not see it.")
        return found

    def answering(self) -> list[TargetedCamera]:
        """Return the same as far as their hubs are loaded and reachable; raises RefusedError if the named one's is not.

        Where no loaded hub can be reached, all of them are returned: asking them says why.
        """
        loaded = [each for each in self.known() if each.coordinator is not None]
        if CAMERA in self.fields and not loaded:
            raise RefusedError(ERR_NOT_LOADED, "The hub of this camera is not loaded.")
        return answering(loaded)

    def missing(self, asked: list[TargetedCamera]) -> list[str]:
        """Return the cameras that were not asked, as their hubs were not loaded or not reachable."""
        return [each.subentry.subentry_id for each in self.known() if each not in asked]

    def controlled(self) -> TargetedCamera:
        """Return the camera that is named; raises RefusedError if it may not be controlled."""
        [camera] = self.known()
        if not is_permitted(self.hass, self.user, camera.subentry, POLICY_CONTROL):
            raise RefusedError(ERR_UNAUTHORIZED, "You may see this camera but not control it.")
        [camera] = self.answering()
        return camera

    def require_admin(self) -> None:
        """Raise RefusedError unless an administrator asks."""
        if not self.user.is_admin:
            raise RefusedError(ERR_UNAUTHORIZED, "Only administrators delete for good.")
