"""The camera's picture: stills from the sidecar, live view from the camera itself."""

import logging
from typing import override

from homeassistant.components.camera import Camera, CameraEntityDescription
from homeassistant.components.camera.const import CameraEntityFeature
from homeassistant.components.stream import CONF_RTSP_TRANSPORT
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .borrowed_camera import SourceError, address_of
from .camera_url import CameraUrl
from .const import CONF_CAMERA_ENTITY, CONF_TRANSPORT
from .coordinator import WallflowerConfigEntry, WallflowerCoordinator
from .entity import WallflowerStreamEntity
from .exceptions import WallflowerError
from .models import Stream
from .reconcile import stream_subentries
from .requesting import told_as

_LOGGER = logging.getLogger(__name__)

# Home Assistant's own recording of a camera takes its time; those of others need not wait for it.
PARALLEL_UPDATES = 0

# What the sidecar's snapshots are scaled to.
NARROWEST, WIDEST = 16, 7680

CAMERA = CameraEntityDescription(key="camera", name=None)


async def async_setup_entry(
    hass: HomeAssistant, entry: WallflowerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each camera."""
    for subentry in stream_subentries(entry).values():
        async_add_entities([WallflowerCamera(entry.runtime_data, subentry)], config_subentry_id=subentry.subentry_id)


class WallflowerCamera(WallflowerStreamEntity, Camera):
    """One camera; Home Assistant opens a session of its own only while somebody watches."""

    def __init__(self, coordinator: WallflowerCoordinator, subentry: ConfigSubentry) -> None:
        """Offer live view unless only the sidecar knows the password."""
        super().__init__(coordinator, subentry, CAMERA)
        Camera.__init__(self)
        # Whoever lends the camera has an entity of it already.
        self._attr_entity_registry_enabled_default = CONF_CAMERA_ENTITY not in subentry.data
        self._attr_supported_features = CameraEntityFeature.ON_OFF
        url = subentry.data.get(CONF_URL)
        if url is None or not CameraUrl.parse(url).is_masked:
            self._attr_supported_features |= CameraEntityFeature.STREAM
        if (transport := subentry.data[CONF_TRANSPORT]) != "auto":
            self.stream_options[CONF_RTSP_TRANSPORT] = transport

    @override
    def _can_show(self, stream: Stream) -> bool:
        return stream.status.delivers or not stream.enabled

    @property
    @override
    def _current(self) -> object:
        stream = self._stream
        return stream and (stream.enabled, stream.status.delivers, stream.status.recording)

    @property
    @override
    def is_on(self) -> bool:
        return self._stream is None or self._stream.enabled

    @property
    @override
    def is_recording(self) -> bool:
        return self._stream is not None and self._stream.status.recording

    @override
    async def async_turn_on(self) -> None:
        await self._async_set(enabled=True)

    @override
    async def async_turn_off(self) -> None:
        await self._async_set(enabled=False)

    async def _async_set(self, *, enabled: bool) -> None:
        with told_as("camera_not_switched"):
            stream = await self.coordinator.client.patch_stream(self._stream_id, {"enabled": enabled})
        self.coordinator.async_set_stream(stream)

    @override
    async def stream_source(self) -> str | None:
        if CameraEntityFeature.STREAM not in self.supported_features:
            return None
        try:
            return await address_of(self.hass, self._subentry)
        except SourceError as error:
            _LOGGER.debug("No live view of %s: %s", self._stream_id, error)
            return None

    @override
    async def async_camera_image(self, width: int | None = None, height: int | None = None) -> bytes | None:
        if width is not None:
            width = min(max(width, NARROWEST), WIDEST)
        try:
            return await self.coordinator.client.snapshot(self._stream_id, width)
        except WallflowerError as error:
            _LOGGER.debug("No still of %s: %s", self._stream_id, error)
            return None
