"""What dashboards ask over Home Assistant's WebSocket, each answer for the cameras that the user may see."""

from collections.abc import Awaitable, Callable
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.const import ERR_NOT_FOUND, ERR_UNAUTHORIZED
from homeassistant.components.websocket_api.decorators import async_response, websocket_command
from homeassistant.components.websocket_api.messages import event_message
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .action_fields import (
    ATTR_LIMIT,
    ATTR_MINUTES,
    ATTR_QUERY,
    FORGET_FIELDS,
    REPLAY_FIELDS,
    SEARCH_FIELDS,
    range_of,
)
from .const import DOMAIN
from .coordinator import WallflowerCoordinator
from .exceptions import RequestRefusedError, WallflowerError
from .heard import Forgotten, Hit, Partial, Segment
from .house_archive import async_forget, async_replay, async_search, rule_to_try
from .permissions import async_permitted_cameras, camera_entity_id, is_permitted
from .subscriptions import SIGNAL_HEARD, SIGNAL_LOADED, Heard
from .targets import TargetedCamera

if TYPE_CHECKING:
    # What Home Assistant serves under the other name.
    import probatio as vol
else:
    import voluptuous as vol

CAMERA = "camera"
ERR_FAILED = "sidecar_failed"
ERR_REFUSED = "refused"

type Message = dict[str, Any]
type Command = Callable[[HomeAssistant, ActiveConnection, Message], Awaitable[Any]]

_ONE: dict[vol.Marker, object] = {vol.Required(CAMERA): str}
_ALL_OR_ONE: dict[vol.Marker, object] = {vol.Optional(CAMERA): str}


def _schema(command: str, *fields: dict[vol.Marker, object]) -> dict[str | vol.Marker, Any]:
    schema: dict[str | vol.Marker, Any] = {vol.Required("type"): f"{DOMAIN}/{command}"}
    for each in fields:
        schema.update(each.items())
    return schema


class RefusedError(Exception):
    """The user may not, or there is no such camera."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code that Home Assistant's frontend knows."""
        super().__init__(message)
        self.code = code


@callback
def async_setup_websocket(hass: HomeAssistant) -> None:
    """Register the commands."""
    for command in (streams, subscribe, search, replay, forget, pause, retry):
        async_register_command(hass, command)


def _cameras(hass: HomeAssistant, connection: ActiveConnection, policy: str = POLICY_READ) -> list[TargetedCamera]:
    return async_permitted_cameras(hass, connection.user, policy)


def _wanted(
    hass: HomeAssistant, connection: ActiveConnection, msg: Message, policy: str = POLICY_READ
) -> list[TargetedCamera]:
    """Return the camera that is named by its subentry's id, or all; raises RefusedError if that is none."""
    wanted = msg.get(CAMERA)
    found = [each for each in _cameras(hass, connection, policy) if wanted in {None, each.subentry.subentry_id}]
    if not found and wanted is not None and policy == POLICY_CONTROL and _wanted(hass, connection, msg):
        raise RefusedError(ERR_UNAUTHORIZED, "You may see this camera but not control it.")
    if not found and wanted is not None:
        raise RefusedError(ERR_NOT_FOUND, "There is no such camera, or you may not see it.")
    return found


def _answering(command: Command) -> Any:
    """Answer what a command returns, or the error that it comes to; nothing that was said is logged."""

    @wraps(command)
    async def run(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> None:
        try:
            connection.send_result(msg["id"], await command(hass, connection, msg))
        except RefusedError as error:
            connection.send_error(msg["id"], error.code, str(error))
        except RequestRefusedError as error:
            if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.status == HTTPStatus.UNAUTHORIZED:
                connection.send_error(msg["id"], ERR_FAILED, str(error))
                return
            reasons = (error.detail, *(fault.message for fault in error.faults))
            connection.send_error(msg["id"], ERR_REFUSED, " ".join(each for each in reasons if each))
        except WallflowerError as error:
            connection.send_error(msg["id"], ERR_FAILED, str(error))

    return async_response(run)


@websocket_command(_schema("streams"))
@_answering
async def streams(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> list[Message]:
    """List the cameras, each with its state."""
    return [_camera(hass, each, each.entry.runtime_data) for each in _cameras(hass, connection)]


@websocket_command(_schema("transcript/search", SEARCH_FIELDS, _ALL_OR_ONE))
@_answering
async def search(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> Message:
    """Find sentences, best first of each sidecar."""
    begin, end = range_of(msg)
    cameras = _wanted(hass, connection, msg)
    found, truncated = await async_search(cameras, msg[ATTR_QUERY], begin=begin, end=end, limit=msg[ATTR_LIMIT])
    segments = [{CAMERA: each.camera.subentry.subentry_id, **each.segment.to_response()} for each in found]
    return {"segments": segments, "truncated": truncated}


@websocket_command(_schema("rules/replay", REPLAY_FIELDS, _ALL_OR_ONE))
@_answering
async def replay(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> Message:
    """Try a rule on what was said."""
    begin, end = range_of(msg)
    cameras = _wanted(hass, connection, msg)
    count, fired = await async_replay(cameras, rule_to_try(msg), begin=begin, end=end)
    hits = [{CAMERA: each.camera.subentry.subentry_id, **each.hit.to_response()} for each in fired]
    return {"count": count, "hits": hits}


@websocket_command(_schema("forget", FORGET_FIELDS, _ONE))
@_answering
async def forget(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> Message:
    """Forget the last minutes of a camera."""
    cameras = _wanted(hass, connection, msg, POLICY_CONTROL)
    deleted, recordings = await async_forget(cameras, msg[ATTR_MINUTES])
    return {"deleted": deleted, "recordings": recordings}


@websocket_command(_schema("pause", _ONE, {vol.Required("paused"): bool}))
@_answering
async def pause(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> Message:
    """Write down no more what a camera hears, or go on."""
    [camera] = _wanted(hass, connection, msg, POLICY_CONTROL)
    coordinator = camera.entry.runtime_data
    stream = await coordinator.client.patch_stream(camera.stream_id, {"transcribe": not msg["paused"]})
    coordinator.async_set_stream(stream)
    return _camera(hass, camera, coordinator)


@websocket_command(_schema("retry", _ONE))
@_answering
async def retry(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> None:
    """Try a camera again now."""
    [camera] = _wanted(hass, connection, msg, POLICY_CONTROL)
    await camera.client.restart_stream(camera.stream_id)


@websocket_command(_schema("transcript/subscribe", _ALL_OR_ONE))
@callback
def subscribe(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> None:
    """Follow what is said, unfinished sentences too, over reloads of a hub."""
    try:
        _wanted(hass, connection, msg)
    except RefusedError as error:
        connection.send_error(msg["id"], error.code, str(error))
        return
    live = _Live(hass, connection, msg)
    connection.subscriptions[msg["id"]] = live.async_end
    connection.send_result(msg["id"])
    live.async_begin()


class _Live:
    """One subscription: what is final comes from every hub, what is not from those that are loaded now."""

    def __init__(self, hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> None:
        self._hass, self._connection, self._msg = hass, connection, msg
        self._partials: list[Callable[[], None]] = []
        self._ends: list[Callable[[], None]] = []

    @callback
    def async_begin(self) -> None:
        self._ends = [
            async_dispatcher_connect(self._hass, SIGNAL_HEARD, self._handle),
            async_dispatcher_connect(self._hass, SIGNAL_LOADED, self._follow_partials),
        ]
        self._follow_partials()

    @callback
    def async_end(self) -> None:
        for end in (*self._ends, *self._partials):
            end()

    @callback
    def _follow_partials(self) -> None:
        for end in self._partials:
            end()
        self._partials = [
            each.entry.runtime_data.async_subscribe(kind, each.stream_id, self._telling(each))
            for each in self._now()
            for kind in (Partial, Forgotten)
        ]

    def _now(self) -> list[TargetedCamera]:
        try:
            return _wanted(self._hass, self._connection, self._msg)
        except RefusedError:
            return []

    def _telling(self, camera: TargetedCamera) -> Callable[[Heard], None]:
        @callback
        def tell(heard: Heard) -> None:
            if not is_permitted(self._hass, self._connection.user, camera.subentry, POLICY_READ):
                return
            if isinstance(heard, Forgotten):
                self._send(camera, {"forgotten": True})
            elif isinstance(heard, Partial):
                self._send(camera, {"final": False, "utterance": heard.utterance, "text": heard.text})

        return tell

    @callback
    def _handle(self, entry: object, heard: Hit | Segment) -> None:
        if isinstance(heard, Segment):
            for camera in self._now():
                if (camera.entry, camera.stream_id) == (entry, heard.stream):
                    self._send(camera, {"final": True, **heard.to_response()})

    def _send(self, camera: TargetedCamera, told: Message) -> None:
        message = {CAMERA: camera.subentry.subentry_id, **told}
        self._connection.send_message(event_message(self._msg["id"], message))


def _camera(hass: HomeAssistant, camera: TargetedCamera, coordinator: WallflowerCoordinator) -> Message:
    stream = coordinator.data.streams.get(camera.stream_id)
    status = None if stream is None else stream.status
    return {
        CAMERA: camera.subentry.subentry_id,
        "name": camera.subentry.title,
        "entity_id": camera_entity_id(hass, camera.subentry),
        "connected": coordinator.last_update_success,
        "paused": stream is not None and not stream.transcribe,
        "state": status and status.state,
        "speaking": status is not None and status.speaking,
        "error": status and status.error and {"code": status.error.code, "message": status.error.message},
    }
