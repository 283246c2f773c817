"""Whether a camera is recorded."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import callback
from homeassistant.helpers.restore_state import ExtraStoredData, RestoredExtraData, RestoreEntity

from .coordinator import WallflowerCoordinator
from .entity import WallflowerStreamEntity
from .models import Stream
from .requesting import told_as

OFF = "off"
MODE_ON = "mode_on"
# Of the other policies nothing is recorded, whatever the mode.
RECORDED = frozenset({"all", "keywords"})

RECORDING = SwitchEntityDescription(key="recording", translation_key="recording")


class RecordingSwitch(WallflowerStreamEntity, SwitchEntity, RestoreEntity):
    """Switched on again, it records as it did before: all the time or around keywords."""

    def __init__(self, coordinator: WallflowerCoordinator, subentry: ConfigSubentry) -> None:
        """Record one camera all the time, unless the sidecar says otherwise."""
        super().__init__(coordinator, subentry, RECORDING)
        self._mode_on = "continuous"

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        if (restored := await self.async_get_last_extra_data()) is not None:
            self._mode_on = restored.as_dict()[MODE_ON]
        self._note_mode()

    @property
    @override
    def extra_restore_state_data(self) -> ExtraStoredData:
        return RestoredExtraData({MODE_ON: self._mode_on})

    @override
    def _can_show(self, stream: Stream) -> bool:
        return stream.store in RECORDED

    @property
    @override
    def is_on(self) -> bool | None:
        return None if self._stream is None else self._stream.recording_mode != OFF

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        stream = self._stream
        return None if stream is None else {"mode": stream.recording_mode, "recording": stream.status.recording}

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self._async_set(self._mode_on)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self._async_set(OFF)

    async def _async_set(self, mode: str) -> None:
        with told_as("recording_not_set"):
            stream = await self.coordinator.client.patch_stream(self._stream_id, {"recording": {"mode": mode}})
        self.coordinator.async_set_stream(stream)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._note_mode()
        super()._handle_coordinator_update()

    def _note_mode(self) -> None:
        if self._stream is not None and self._stream.recording_mode != OFF:
            self._mode_on = self._stream.recording_mode
