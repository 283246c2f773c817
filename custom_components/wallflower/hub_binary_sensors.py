"""Whether the sidecar is connected, and whether it can turn speech into text as it was told to."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory

from .coordinator import WallflowerCoordinator
from .entity import WallflowerHubEntity
from .server_condition import Transcriber

HUB = BinarySensorEntityDescription(
    key="hub",
    translation_key="hub",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)

TRANSCRIBER = BinarySensorEntityDescription(
    key="transcriber_problem",
    translation_key="transcriber_problem",
    device_class=BinarySensorDeviceClass.PROBLEM,
    entity_category=EntityCategory.DIAGNOSTIC,
)


class HubConnection(WallflowerHubEntity, BinarySensorEntity):
    """Whether the sidecar is connected; always available, that is its purpose."""

    def __init__(self, coordinator: WallflowerCoordinator) -> None:
        """Show the connection that the coordinator keeps."""
        super().__init__(coordinator, HUB)

    @property
    @override
    def available(self) -> bool:
        return True

    @property
    @override
    def is_on(self) -> bool:
        return self.coordinator.last_update_success


class TranscriberProblem(WallflowerHubEntity, BinarySensorEntity):
    """On while speech becomes no text, or another model stands in; unknown where the sidecar does not tell."""

    def __init__(self, coordinator: WallflowerCoordinator) -> None:
        """Show the one recogniser of the sidecar."""
        super().__init__(coordinator, TRANSCRIBER)

    @property
    def _transcriber(self) -> Transcriber | None:
        return self.coordinator.data.condition.transcriber

    @property
    @override
    def is_on(self) -> bool | None:
        return None if self._transcriber is None else self._transcriber.has_problem

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        if (transcriber := self._transcriber) is None:
            return None
        return {
            "state": transcriber.state,
            "engine": transcriber.engine,
            "model": transcriber.model,
            "message": transcriber.detail,
        }
