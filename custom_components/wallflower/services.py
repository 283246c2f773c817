"""Wallflower's actions: registered once, whether a hub is loaded or not."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.const import ATTR_AREA_ID, ATTR_DEVICE_ID, ATTR_ENTITY_ID, ATTR_FLOOR_ID, ATTR_LABEL_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service

from . import camera_actions, hub_actions
from .action_fields import (
    ATTR_CONFIDENCE,
    ATTR_FILENAME,
    ATTR_FORMAT,
    ATTR_KEYWORDS,
    ATTR_LANGUAGE,
    ATTR_MEDIA,
    ATTR_STORE,
    ATTR_TEXT,
    FORGET_FIELDS,
    RANGE_FIELDS,
    REPLAY_FIELDS,
    SEARCH_FIELDS,
    SPAN_FIELDS,
    TEXT,
)
from .const import DOMAIN
from .permissions import async_caller, camera_entity_id, is_permitted
from .targets import TargetedCamera, async_settled, async_targeted_cameras

if TYPE_CHECKING:
    # What Home Assistant serves under the other name.
    import probatio as vol
else:
    import voluptuous as vol

type Handler = Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]
type CameraAction = Callable[[TargetedCamera, ServiceCall], Awaitable[ServiceResponse | None]]

_TARGET = (ATTR_ENTITY_ID, ATTR_DEVICE_ID, ATTR_AREA_ID, ATTR_FLOOR_ID, ATTR_LABEL_ID)
_CAMERAS: dict[vol.Marker, Any] = {vol.Optional(ATTR_DEVICE_ID): vol.All(cv.ensure_list, [cv.string])}

_QUERIES: dict[str, tuple[Any, dict[vol.Marker, Any]]] = {
    "search_transcripts": (
        hub_actions.async_search_transcripts,
        {**_CAMERAS, **SEARCH_FIELDS},
    ),
    "replay_rule": (
        hub_actions.async_replay_rule,
        {**_CAMERAS, **REPLAY_FIELDS},
    ),
    "transcribe_file": (
        hub_actions.async_transcribe_file,
        {vol.Required(ATTR_MEDIA): vol.Any(cv.string, dict), vol.Optional(ATTR_LANGUAGE): cv.string},
    ),
}
# No camera at all, such as from a template that found none, must not mean every camera there.
_SOME_CAMERAS: dict[vol.Marker, Any] = {
    vol.Optional(ATTR_DEVICE_ID): vol.All(cv.ensure_list, vol.Length(1), [cv.string])
}
_FORGETTING: dict[str, tuple[Any, dict[vol.Marker, Any]]] = {
    "purge_transcripts": (hub_actions.async_purge_transcripts, {**_SOME_CAMERAS, **RANGE_FIELDS}),
    "forget": (
        hub_actions.async_forget_last,
        {**_SOME_CAMERAS, **FORGET_FIELDS},
    ),
}
_OF_CAMERAS: dict[str, tuple[CameraAction, dict[vol.Marker, Any], str, SupportsResponse]] = {
    "get_transcript": (
        camera_actions.async_get_transcript,
        {**SPAN_FIELDS, vol.Optional(ATTR_FORMAT, default="text"): vol.In(["text", "json", "srt", "vtt"])},
        POLICY_READ,
        SupportsResponse.ONLY,
    ),
    "save_clip": (
        camera_actions.async_save_clip,
        {**SPAN_FIELDS, vol.Optional(ATTR_FILENAME): cv.string},
        POLICY_CONTROL,
        SupportsResponse.OPTIONAL,
    ),
    "simulate_speech": (
        camera_actions.async_simulate_speech,
        {
            vol.Required(ATTR_TEXT): TEXT,
            vol.Optional(ATTR_CONFIDENCE): vol.All(vol.Coerce(float), vol.Range(0, 1)),
            vol.Optional(ATTR_STORE, default=True): cv.boolean,
        },
        POLICY_CONTROL,
        SupportsResponse.OPTIONAL,
    ),
    "set_keywords": (
        camera_actions.async_set_keywords,
        {vol.Required(ATTR_KEYWORDS): vol.All(cv.ensure_list, [cv.string])},
        POLICY_CONTROL,
        SupportsResponse.OPTIONAL,
    ),
    "start_recording": (camera_actions.async_start_recording, {}, POLICY_CONTROL, SupportsResponse.NONE),
    "stop_recording": (camera_actions.async_stop_recording, {}, POLICY_CONTROL, SupportsResponse.NONE),
    "restart_stream": (camera_actions.async_restart_stream, {}, POLICY_CONTROL, SupportsResponse.NONE),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register every action."""
    for name, (handler, fields) in _QUERIES.items():
        hass.services.async_register(
            DOMAIN, name, _settled(handler), schema=vol.Schema(fields), supports_response=SupportsResponse.ONLY
        )
    for name, (handler, fields) in _FORGETTING.items():
        async_register_admin_service(
            hass,
            DOMAIN,
            name,
            _settled(handler),
            schema=vol.Schema(fields),
            supports_response=SupportsResponse.OPTIONAL,
        )
    for name, (action, fields, policy, supports_response) in _OF_CAMERAS.items():
        hass.services.async_register(
            DOMAIN,
            name,
            _settled(_of_cameras(action, policy)),
            schema=cv.make_entity_service_schema(fields),
            supports_response=supports_response,
        )


def _settled(handler: Handler) -> Handler:
    """Let an action wait for a hub that an action before it, or a person, has just changed."""

    async def run(call: ServiceCall) -> ServiceResponse:
        await async_settled(call.hass)
        return await handler(call)

    return run


def _of_cameras(action: CameraAction, policy: str) -> Handler:
    """Let an action work on each camera of a target, one that is down too; answers by camera entity."""

    async def run(call: ServiceCall) -> ServiceResponse:
        user = await async_caller(call)
        target = {name: call.data[name] for name in _TARGET if name in call.data}
        cameras = async_targeted_cameras(call.hass, target)
        if not cameras:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_such_camera")
        if user is not None and not all(is_permitted(call.hass, user, each.subentry, policy) for each in cameras):
            raise Unauthorized(context=call.context, permission=policy)
        answers: dict[str, Any] = {}
        for camera in cameras:
            answers[camera_entity_id(call.hass, camera.subentry) or camera.stream_id] = await action(camera, call)
        return answers if call.return_response else None

    return run
