"""How a camera is added or changed: described or chosen, tried out, confirmed."""

import asyncio
from contextlib import suppress
from typing import Any, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigSubentry,
    SubentryFlowContext,
    SubentryFlowResult,
    UnknownEntry,
    UnknownSubEntry,
)
from homeassistant.const import CONF_ENTITY_ID, CONF_URL
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import entity_registry as er

from .borrowed_camera import SourceError, lender_of, lenders, own_cameras, source_of
from .camera_form import (
    CONF_STREAM,
    CameraAnswers,
    adoption_schema,
    answers_of,
    borrowed_schema,
    read_borrowed,
    read_typed,
    suggested_values,
    typed_schema,
)
from .client import WallflowerClient
from .const import CONF_CAMERA_ENTITY, CONF_KEYWORDS, CONF_RETAIN_DAYS, CONF_STORE
from .coordinator import WallflowerConfigEntry
from .exceptions import FormError, WallflowerError
from .keyword_rules import unique_slug
from .models import Stream
from .probe_steps import ProbeSteps
from .reconcile import rules_of, stream_subentries
from .rule_steps import RuleSteps, loaded_client

RELOAD_TIMEOUT_S = 10.0

type Answers = dict[str, Any]


class StreamSubentryFlow(RuleSteps[SubentryFlowContext, SubentryFlowResult, tuple[str, str]], ProbeSteps):
    """Adds or changes one camera."""

    def __init__(self) -> None:
        """Start with nothing answered."""
        super().__init__()
        self._typed: Answers | None = None

    async def async_step_user(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Add a camera: a new one, one of Home Assistant's, or one that the sidecar has already."""
        await self._async_reloaded()
        self._client()
        if user_input is None and len(self._ways()) > 1:
            return await self.async_step_choose()
        return await self._async_describe(user_input)

    async def async_step_choose(self, _: Answers | None = None) -> SubentryFlowResult:
        """Ask which of them."""
        return self.async_show_menu(step_id="choose", menu_options=self._ways())

    async def async_step_reconfigure(self, _: Answers | None = None) -> SubentryFlowResult:
        """Ask what of a camera is to be changed."""
        await self._async_reloaded()
        self._client()
        self._rules = list(rules_of(self._get_reconfigure_subentry()))
        borrowed = lender_of(self.hass, self._get_reconfigure_subentry()) is not None
        others = ["existing"] if borrowed or lenders(self.hass) else []
        return self.async_show_menu(step_id="reconfigure", menu_options=["rules", "camera", *others])

    async def async_step_camera(self, _: Answers | None = None) -> SubentryFlowResult:
        """Show the form for an address, with what was typed before."""
        return await self._async_describe(None)

    async def async_step_details(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Change a camera."""
        return await self._async_describe(user_input)

    async def async_step_existing(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Listen to a camera that Home Assistant has already."""
        self._client()
        known, errors = self._known(), {}
        if user_input is not None:
            self._typed = user_input
            try:
                self._answers = self._borrowed(user_input)
                if known is not None and not self._answers.needs_probe(known):
                    return await self._async_save()
                self._source = await source_of(self.hass, self._answers.data[CONF_CAMERA_ENTITY])
            except FormError as error:
                errors[error.field] = error.key
            except SourceError as error:
                return self._offer_address(error.key)
            else:
                return await self.async_step_probe()
        values = self._values()
        added = [each.entity_id for each in lenders(self.hass) if each.id in self._lent()]
        schema = borrowed_schema(known, values, own_cameras(self.hass) + added)
        return self.async_show_form(
            step_id="existing", data_schema=self.add_suggested_values_to_schema(schema, values), errors=errors
        )

    async def async_step_no_source(self, _: Answers | None = None) -> SubentryFlowResult:
        """Tell that the chosen camera has no stream that it would give away."""
        return self._offer_address("no_source")

    async def async_step_not_rtsp(self, _: Answers | None = None) -> SubentryFlowResult:
        """Tell that the chosen camera's stream is none that the sidecar can listen to."""
        return self._offer_address("not_rtsp")

    async def async_step_camera_away(self, _: Answers | None = None) -> SubentryFlowResult:
        """Tell that the chosen camera is not there now."""
        return self._offer_address("camera_away")

    async def async_step_adopt(self, user_input: Answers | None = None) -> SubentryFlowResult:
        """Take over a camera that somebody else gave the sidecar; it is never deleted from here."""
        strangers = self._strangers()
        if user_input is not None and (stream := strangers.get(user_input[CONF_STREAM])):
            answers = answers_of(stream)
            return self.async_create_entry(title=answers.name, data=answers.data, unique_id=stream.id)
        if not strangers:
            return self.async_abort(reason="nothing_to_adopt")
        return self.async_show_form(step_id="adopt", data_schema=adoption_schema(strangers.values()))

    @override
    async def async_step_save_rules(self, _: Answers | None = None) -> SubentryFlowResult:
        """Keep the camera's rules."""
        self._client()
        rules = [rule.to_document() for rule in self._rules]
        known = self._get_reconfigure_subentry()
        return self.async_update_and_abort(self._get_entry(), known, data_updates={CONF_KEYWORDS: rules})

    async def _async_describe(self, user_input: Answers | None) -> SubentryFlowResult:
        self._client()
        known, errors = self._known(), {}
        if user_input is not None:
            self._typed = user_input
            try:
                self._answers = read_typed(user_input, known)
            except FormError as error:
                errors[error.field] = error.key
            else:
                if known is not None and not self._answers.needs_probe(known):
                    return await self._async_save()
                self._source = self._answers.data[CONF_URL]
                return await self.async_step_probe()
        values = self._values()
        return self.async_show_form(
            step_id="user" if known is None else "details",
            data_schema=self.add_suggested_values_to_schema(typed_schema(known, values), values),
            errors=errors,
            description_placeholders={"example": "rtsp://192.168.1.20:554/stream1"},
        )

    def _borrowed(self, answers: Answers) -> CameraAnswers:
        entity_id, known = answers[CONF_ENTITY_ID], self._known()
        entity = er.async_get(self.hass).async_get(entity_id)
        if entity is None:
            raise FormError(CONF_ENTITY_ID, "camera_without_id")
        if entity.id in self._lent():
            raise FormError(CONF_ENTITY_ID, "camera_added")
        state = self.hass.states.get(entity_id)
        return read_borrowed(answers, entity.id, entity_id if state is None else state.name, known)

    def _offer_address(self, step_id: str) -> SubentryFlowResult:
        return self.async_show_menu(
            step_id=step_id,
            menu_options=["camera", "existing"],
            description_placeholders={"name": self._described.name},
        )

    def _values(self) -> Answers:
        """Return what a form shows: what was typed before, what is known of the camera, or the hub's defaults."""
        if self._typed is not None:
            return self._typed
        if (known := self._known()) is not None:
            lender = lender_of(self.hass, known)
            return suggested_values(known, lender.entity_id if lender else None)
        options = self._get_entry().options
        return {key: options[key] for key in (CONF_STORE, CONF_RETAIN_DAYS) if options.get(key) is not None}

    @override
    async def _async_save(self) -> SubentryFlowResult:
        answers, known = self._described, self._known()
        if known is not None:
            return self.async_update_and_abort(self._get_entry(), known, title=answers.name, data=answers.data)
        try:
            taken = {stream.id for stream in await self._client().streams()}
        except WallflowerError:
            return self.async_abort(reason="cannot_connect")
        taken |= stream_subentries(self._get_entry()).keys()
        stream_id = unique_slug(answers.name, taken, fallback="camera")
        return self.async_create_entry(title=answers.name, data=answers.data, unique_id=stream_id)

    async def _async_reloaded(self) -> None:
        """Let a reload end that has begun: each camera that is added or changed causes one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RELOAD_TIMEOUT_S), self._get_entry().setup_lock:
                return

    @override
    def _client(self) -> WallflowerClient:
        return loaded_client(self._get_entry())

    @override
    def _get_entry(self) -> ConfigEntry:
        try:
            return super()._get_entry()
        except UnknownEntry:
            raise AbortFlow("entry_not_loaded") from None

    @override
    def _get_reconfigure_subentry(self) -> ConfigSubentry:
        self._get_entry()
        try:
            return super()._get_reconfigure_subentry()
        except UnknownSubEntry:
            raise AbortFlow("camera_gone") from None

    def _ways(self) -> list[str]:
        """The ways there are to add a camera."""
        lent = self._lent()
        borrowable = any(each.id not in lent for each in lenders(self.hass))
        ways = {"camera": True, "existing": borrowable, "adopt": bool(self._strangers())}
        return [way for way, is_open in ways.items() if is_open]

    def _lent(self) -> set[str]:
        """The cameras of Home Assistant that this hub's other cameras listen to, by their registry id."""
        known = self._known()
        others = [each for each in self._get_entry().subentries.values() if each is not known]
        return {each.data[CONF_CAMERA_ENTITY] for each in others if CONF_CAMERA_ENTITY in each.data}

    def _strangers(self) -> dict[str, Stream]:
        """The sidecar's streams that nobody added here."""
        entry: WallflowerConfigEntry = self._get_entry()
        loaded_client(entry)
        added = stream_subentries(entry).keys()
        return {each.id: each for each in entry.runtime_data.data.streams.values() if each.id not in added}
