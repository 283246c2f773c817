"""A camera is tried by the sidecar before it is kept: what was found is shown, what failed leaves a choice."""

from abc import abstractmethod
import asyncio
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigSubentry, ConfigSubentryFlow, SubentryFlowResult

from .camera_form import CameraAnswers
from .camera_url import CameraUrl
from .client import WallflowerClient
from .const import CONF_CAMERA_ENTITY, CONF_TRANSPORT
from .exceptions import (
    RequestRefusedError,
    WallflowerConnectionError,
    WallflowerError,
    WallflowerTimeoutError,
)
from .models import ProbeResult

ABSENT = "–"
# A wrong password, kept anyway, would only lock the account; an address that is refused is never listened to.
NO_MATTER_OF_TIME = frozenset({"auth_failed", "invalid"})


class ProbeSteps(ConfigSubentryFlow):
    """Tries `_answers` at the address `_source`."""

    def __init__(self) -> None:
        """Start with nothing answered."""
        super().__init__()
        self._answers: CameraAnswers | None = None
        self._source = ""
        self._probing: asyncio.Task[ProbeResult] | None = None
        self._found: ProbeResult | None = None
        self._failure: WallflowerError | None = None

    @abstractmethod
    def _client(self) -> WallflowerClient:
        """Return the loaded hub's client; raises AbortFlow."""

    @abstractmethod
    async def _async_save(self) -> SubentryFlowResult:
        """Keep the camera."""

    async def async_step_probe(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Try the camera while a person sees that it is being tried."""
        if self._probing is None:
            self._probing = self.hass.async_create_task(self._async_probe(self._client()))
        if not self._probing.done():
            return self.async_show_progress(
                step_id="probe",
                progress_action="probe",
                description_placeholders={"name": self._described.name},
                progress_task=self._probing,
            )
        probing, self._probing = self._probing, None
        try:
            self._found = probing.result()
        except WallflowerError as error:
            self._failure = error
            borrowed = CONF_CAMERA_ENTITY in self._described.data
            return self.async_show_progress_done(next_step_id="unreachable" if borrowed else "failed")
        return self.async_show_progress_done(next_step_id="found" if self._found.audio else "found_silent")

    async def async_step_found(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Tell what the camera offers."""
        return await self._async_confirm("found", user_input)

    async def async_step_found_silent(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Tell that the camera has no sound, so that there is nothing to hear."""
        return await self._async_confirm("found_silent", user_input)

    async def async_step_failed(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Tell what went wrong, and leave the choice."""
        return self._tell_failure("failed", ["probe", "camera", "add_anyway"])

    async def async_step_unreachable(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Tell that Home Assistant's camera cannot be reached from the sidecar, and leave the choice."""
        return self._tell_failure("unreachable", ["camera", "probe", "existing", "add_anyway"])

    async def async_step_add_anyway(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Keep a camera that cannot be reached now; the sidecar goes on trying."""
        return await self._async_save()

    def _tell_failure(self, step_id: str, choice: list[str]) -> SubentryFlowResult:
        keep_anyway = True
        match self._failure:
            case RequestRefusedError() as refused:
                fault = next(iter(refused.faults), None)
                sentence = refused.detail or (fault.message if fault else str(refused))
                keep_anyway = refused.code not in NO_MATTER_OF_TIME
            case WallflowerTimeoutError():
                sentence = "The camera did not answer in time. Check that it is powered on and reachable."
            case WallflowerConnectionError():
                sentence = "The sidecar does not answer. Try again when it is back."
                keep_anyway = False
            case error:
                sentence = str(error)
        return self.async_show_menu(
            step_id=step_id,
            menu_options=[each for each in choice if keep_anyway or each != "add_anyway"],
            description_placeholders={"name": self._described.name, "error": sentence},
        )

    async def _async_probe(self, client: WallflowerClient) -> ProbeResult:
        known = self._known()
        stands_for = known.unique_id if known and CameraUrl.parse(self._source).is_masked else None
        return await client.probe(self._source, self._described.data[CONF_TRANSPORT], stands_for)

    async def _async_confirm(self, step_id: str, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        if user_input is not None:
            return await self._async_save()
        found = self._found
        assert found is not None  # noqa: S101 - the probe came before
        return self.async_show_form(
            step_id=step_id,
            description_placeholders={
                "name": self._described.name,
                "video": found.video or ABSENT,
                "audio": found.audio or ABSENT,
                "level": ABSENT if found.level_dbfs is None else f"{found.level_dbfs:.0f} dBFS",
                "transport": found.transport.upper(),
            },
        )

    @property
    def _described(self) -> CameraAnswers:
        assert self._answers is not None  # noqa: S101 - the form came before
        return self._answers

    def _known(self) -> ConfigSubentry | None:
        return self._get_reconfigure_subentry() if self.source == SOURCE_RECONFIGURE else None
