"""What a person is offered to mend an issue."""

from collections.abc import Mapping
from typing import Any, cast

from homeassistant.components.repairs.const import FlowType
from homeassistant.components.repairs.models import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState
from homeassistant.core import HomeAssistant

from .const import SUBENTRY_STREAM
from .coordinator import WallflowerConfigEntry
from .exceptions import WallflowerError
from .issues import AUTH_FAILED


class WrongPasswordFlow(RepairsFlow):
    """Leads on to the form that has the camera's password."""

    def __init__(self, entry_id: str, subentry_id: str) -> None:
        """Know the camera."""
        self._entry_id, self._subentry_id = entry_id, subentry_id

    async def async_step_init(self, user_input: Mapping[str, Any] | None = None) -> RepairsFlowResult:
        """Open the form; the issue goes by itself once the camera answers."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or self._subentry_id not in entry.subentries:
            return self.async_abort(reason="camera_gone")
        form = await self.hass.config_entries.subentries.async_init(
            (self._entry_id, SUBENTRY_STREAM),
            context={"source": SOURCE_RECONFIGURE, "subentry_id": self._subentry_id},
        )
        if "step_id" not in form:
            return self.async_abort(reason="not_connected")
        return self.async_abort(reason="change_camera", next_flow=(FlowType.CONFIG_SUBENTRIES_FLOW, form["flow_id"]))


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
    if issue_id.startswith(AUTH_FAILED):
        return WrongPasswordFlow(mends["entry_id"], mends["subentry_id"])
    return MissingModelFlow(mends["entry_id"], mends["model"])
