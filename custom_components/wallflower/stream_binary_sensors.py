"""One yes or no of a camera; whether it is connected, of a borrowed one too that was lost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory

from .entity import WallflowerStreamEntity
from .lost_camera import loss_of
from .models import Stream, StreamError, StreamStatus


@dataclass(frozen=True, kw_only=True)
class StreamBinarySensorDescription(BinarySensorEntityDescription):
    """How a stream's status becomes a state."""

    is_on: Callable[[StreamStatus], bool]
    attributes: Callable[[StreamStatus], dict[str, Any]] = lambda _: {}
    can_show: Callable[[Stream], bool] = lambda _: True


def _connection_attributes(status: StreamStatus) -> dict[str, Any]:
    return {
        "state": status.state,
        "error": status.error and status.error.code,
        "message": status.error and status.error.message,
        "next_retry_at": status.next_retry_at,
        "reconnects": status.reconnects,
    }


CONNECTION = StreamBinarySensorDescription(
    key="connection",
    translation_key="connection",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
    is_on=lambda status: status.delivers,
    attributes=_connection_attributes,
)


class StreamBinarySensor(WallflowerStreamEntity, BinarySensorEntity):
    """One yes or no of a camera."""

    entity_description: StreamBinarySensorDescription

    @override
    def _can_show(self, stream: Stream) -> bool:
        return self.entity_description.can_show(stream)

    @property
    @override
    def is_on(self) -> bool | None:
        return None if self._stream is None else self.entity_description.is_on(self._stream.status)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        return None if self._stream is None else self.entity_description.attributes(self._stream.status)


class StreamConnection(StreamBinarySensor):
    """Whether a camera delivers; of a borrowed one that was lost, that it was."""

    @property
    @override
    def available(self) -> bool:
        return super().available or (self.coordinator.last_update_success and self._loss is not None)

    @property
    @override
    def is_on(self) -> bool:
        return bool(super().is_on)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        attributes = super().extra_state_attributes
        if (loss := self._loss) is None:
            return attributes
        return {**(attributes or {}), "error": loss.code, "message": loss.message}

    @property
    @override
    def _current(self) -> object:
        return super()._current, self._loss

    @property
    def _loss(self) -> StreamError | None:
        return loss_of(self.hass, self._subentry)
