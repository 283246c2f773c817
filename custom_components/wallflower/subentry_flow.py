"""How a camera is added or changed: described, tried out, confirmed."""

import asyncio
from contextlib import suppress
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_URL
from homeassistant.data_entry_flow import AbortFlow

from .camera_form import (
    CONF_STREAM,
    CameraAnswers,
    adoption_schema,
    answers_of,
    camera_schema,
    read_answers,
    suggested_values,
)
from .camera_url import CameraUrl
from .client import WallflowerClient
from .const import CONF_KEYWORDS, CONF_TRANSPORT
from .coordinator import WallflowerCoordinator
from .exceptions import FormError, RequestRefusedError, WallflowerError, WallflowerTimeoutError
from .keyword_rules import unique_slug
from .models import ProbeResult, Stream
from .reconcile import stream_subentries

ABSENT = "–"
RELOAD_TIMEOUT_S = 10.0


class StreamSubentryFlow(ConfigSubentryFlow):
    """Adds or changes one camera."""

    def __init__(self) -> None:
        """Start with nothing answered."""
        self._typed: dict[str, Any] | None = None
        self._answers: CameraAnswers | None = None
        self._probing: asyncio.Task[ProbeResult] | None = None
        self._found: ProbeResult | None = None
        self._failure: WallflowerError | None = None

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add a camera: a new one, or one that the sidecar has already."""
        await self._async_reloaded()
        if user_input is None and self._strangers():
            return await self.async_step_choose()
        return await self._async_describe(user_input)

    async def async_step_choose(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which of both."""
        return self.async_show_menu(step_id="choose", menu_options=["camera", "adopt"])

    async def async_step_camera(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the form, with what was typed before."""
        return await self._async_describe(None)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change a camera."""
        await self._async_reloaded()
        return await self._async_describe(user_input)

    async def async_step_adopt(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Take over a camera that somebody else gave the sidecar; it is never deleted from here."""
        strangers = self._strangers()
        if user_input is not None and (stream := strangers.get(user_input[CONF_STREAM])):
            answers = answers_of(stream)
            return self.async_create_entry(title=answers.name, data=answers.data, unique_id=stream.id)
        if not strangers:
            return self.async_abort(reason="nothing_to_adopt")
        return self.async_show_form(step_id="adopt", data_schema=adoption_schema(strangers.values()))

    async def async_step_probe(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Try the camera while a person sees that it is being tried."""
        if self._probing is None:
            self._probing = self.hass.async_create_task(self._async_probe(self._coordinator().client))
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
            return self.async_show_progress_done(next_step_id="failed")
        return self.async_show_progress_done(next_step_id="found" if self._found.audio else "found_silent")

    async def async_step_found(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Tell what the camera offers."""
        return await self._async_confirm("found", user_input)

    async def async_step_found_silent(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Tell that the camera has no sound, so that there is nothing to hear."""
        return await self._async_confirm("found_silent", user_input)

    async def async_step_failed(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Tell what went wrong, and leave the choice."""
        match self._failure:
            case RequestRefusedError(detail=str(detail)) if detail:
                sentence = detail
            case WallflowerTimeoutError():
                sentence = "The camera did not answer in time. Check that it is powered on and reachable."
            case error:
                sentence = str(error)
        return self.async_show_menu(
            step_id="failed",
            menu_options=["probe", "camera", "add_anyway"],
            description_placeholders={"name": self._described.name, "error": sentence},
        )

    async def async_step_add_anyway(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Keep a camera that cannot be reached now; the sidecar goes on trying."""
        return await self._async_save()

    async def _async_describe(self, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        self._coordinator()
        known, errors = self._known(), {}
        if user_input is not None:
            self._typed = user_input
            try:
                self._answers = read_answers(user_input, known)
            except FormError as error:
                errors[error.field] = error.key
            else:
                if known is not None and not self._answers.needs_probe(known):
                    return await self._async_save()
                return await self.async_step_probe()
        values = self._typed or (suggested_values(known) if known else {})
        return self.async_show_form(
            step_id="user" if known is None else "reconfigure",
            data_schema=self.add_suggested_values_to_schema(camera_schema(values.get(CONF_KEYWORDS, [])), values),
            errors=errors,
            description_placeholders={"example": "rtsp://192.168.1.20:554/stream1"},
        )

    async def _async_probe(self, client: WallflowerClient) -> ProbeResult:
        url, transport = self._described.data[CONF_URL], self._described.data[CONF_TRANSPORT]
        known = self._known()
        stands_for = known.unique_id if known and CameraUrl.parse(url).is_masked else None
        return await client.probe(url, transport, stands_for)

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
                "transport": found.transport.upper(),
            },
        )

    async def _async_save(self) -> SubentryFlowResult:
        answers, known = self._described, self._known()
        if known is not None:
            return self.async_update_and_abort(self._get_entry(), known, title=answers.name, data=answers.data)
        coordinator = self._coordinator()
        try:
            taken = {stream.id for stream in await coordinator.client.streams()}
        except WallflowerError:
            return self.async_abort(reason="cannot_connect")
        taken |= stream_subentries(self._get_entry()).keys()
        stream_id = unique_slug(answers.name, taken, fallback="camera")
        return self.async_create_entry(title=answers.name, data=answers.data, unique_id=stream_id)

    @property
    def _described(self) -> CameraAnswers:
        assert self._answers is not None  # noqa: S101 - the form came before
        return self._answers

    def _known(self) -> ConfigSubentry | None:
        return self._get_reconfigure_subentry() if self.source == SOURCE_RECONFIGURE else None

    async def _async_reloaded(self) -> None:
        """Let a reload end that has begun: each camera that is added or changed causes one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RELOAD_TIMEOUT_S), self._get_entry().setup_lock:
                return

    def _coordinator(self) -> WallflowerCoordinator:
        entry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            raise AbortFlow("entry_not_loaded")
        coordinator: WallflowerCoordinator = entry.runtime_data
        return coordinator

    def _strangers(self) -> dict[str, Stream]:
        """The sidecar's streams that nobody added here."""
        added = stream_subentries(self._get_entry()).keys()
        streams = self._coordinator().data.streams
        return {stream_id: stream for stream_id, stream in streams.items() if stream_id not in added}
