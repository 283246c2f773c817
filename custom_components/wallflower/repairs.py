"""What a person is offered to mend an issue."""

from collections.abc import Mapping
from typing import Any, cast

from homeassistant.components.repairs.const import FlowType
from homeassistant.components.repairs.models import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant

from .borrowed_camera import lenders
from .const import CONF_CAMERA_ENTITY, SUBENTRY_STREAM
from .coordinator import WallflowerConfigEntry
from .exceptions import WallflowerError
from .issues import AUTH_FAILED, CAMERA_LOST


class _CameraFlow(RepairsFlow):
    """Leads on to a camera's form; the issue goes by itself once its cause has gone."""

    def __init__(self, entry_id: str, subentry_id: str) -> None:
        """Know the camera."""
        self._entry_id, self._subentry_id = entry_id, subentry_id

    def _subentry(self) -> ConfigSubentry | None:
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        return None if entry is None else entry.subentries.get(self._subentry_id)

    async def _async_open(self, step_id: str | None = None) -> RepairsFlowResult:
        """Open what changes the camera, at one of its steps."""
        if self._subentry() is None:
            return self.async_abort(reason="camera_gone")
        flows = self.hass.config_entries.subentries
        form = await flows.async_init(
            (self._entry_id, SUBENTRY_STREAM),
            context={"source": SOURCE_RECONFIGURE, "subentry_id": self._subentry_id},
        )
        if "step_id" not in form:
            return self.async_abort(reason="not_connected")
        if step_id is not None:
            await flows.async_configure(form["flow_id"], {"next_step_id": step_id})
        return self.async_abort(reason="change_camera", next_flow=(FlowType.CONFIG_SUBENTRIES_FLOW, form["flow_id"]))


class WrongPasswordFlow(_CameraFlow):
    """Has the camera's password typed."""

    async def async_step_init(self, _: Mapping[str, Any] | None = None) -> RepairsFlowResult:
        """Open the form that has it; of a borrowed camera, whose password is not kept here, the choice."""
        subentry = self._subentry()
        is_borrowed = subentry is not None and CONF_CAMERA_ENTITY in subentry.data
        return await self._async_open(None if is_borrowed else "camera")


class LostCameraFlow(_CameraFlow):
    """Has another camera chosen, or an address typed."""

    async def async_step_init(self, _: Mapping[str, Any] | None = None) -> RepairsFlowResult:
        """Ask which of them."""
        if (subentry := self._subentry()) is None:
            return self.async_abort(reason="camera_gone")
        others = ["existing"] if lenders(self.hass) else []
        return self.async_show_menu(
            step_id="init", menu_options=[*others, "camera"], description_placeholders={CONF_NAME: subentry.title}
        )

    async def async_step_existing(self, _: Mapping[str, Any] | None = None) -> RepairsFlowResult:
        """Go on with the cameras of Home Assistant."""
        return await self._async_open("existing")

    async def async_step_camera(self, _: Mapping[str, Any] | None = None) -> RepairsFlowResult:
        """Go on with an address."""
        return await self._async_open("camera")


class MissingModelFlow(RepairsFlow):
    """Lets the sidecar fetch the model that it was told to use."""

    def __init__(self, entry_id: str, model: str) -> None:
        """Know the model."""
        self._entry_id, self._model = entry_id, model

    async def async_step_init(self, user_input: Mapping[str, Any] | None = None) -> RepairsFlowResult:
        """Ask first."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: Mapping[str, Any] | None = None) -> RepairsFlowResult:
        """Begin fetching; how far it is shows the sensor of the download."""
        errors = {}
        if user_input is not None:
            entry: WallflowerConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
            if entry is None or entry.state is not ConfigEntryState.LOADED:
                return self.async_abort(reason="not_connected")
            try:
                await entry.runtime_data.client.fetch_model(self._model)
                return self.async_create_entry(data={})
            except WallflowerError:
                errors["base"] = "not_fetched"
        return self.async_show_form(step_id="confirm", description_placeholders={"model": self._model}, errors=errors)


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that mends an issue."""
    mends = cast("dict[str, str]", data)
    of_cameras = {AUTH_FAILED: WrongPasswordFlow, CAMERA_LOST: LostCameraFlow}
    for key, flow in of_cameras.items():
        if issue_id.startswith(key):
            return flow(mends["entry_id"], mends["subentry_id"])
    return MissingModelFlow(mends["entry_id"], mends["model"])
