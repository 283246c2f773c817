"""Commands for dashboards: what is asked is checked and answered without a word of it in any log."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.const import ERR_INVALID_FORMAT, WebSocketCommandHandler
from homeassistant.components.websocket_api.decorators import async_response
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError

from .const import DOMAIN
from .dashboard_commands import COMMANDS, Command
from .dashboard_feed import Feed
from .dashboard_request import CAMERA_FIELDS, Message, RefusedError, Request
from .exceptions import RequestRefusedError, WallflowerError
from .requesting import is_fault_of_fields, reasons_of

if TYPE_CHECKING:
    # What Home Assistant serves under the other name.
    import probatio as vol
else:
    import voluptuous as vol

ERR_FAILED = "sidecar_failed"
ERR_REFUSED = "refused"

# Home Assistant logs what its own check does not like, with the words in it.
_ANYTHING = vol.Schema({}, extra=vol.ALLOW_EXTRA)
_ENVELOPE = {"id", "type"}


@callback
def async_setup_websocket(hass: HomeAssistant) -> None:
    """Register the commands."""
    for name, (command, fields) in COMMANDS.items():
        async_register_command(hass, f"{DOMAIN}/{name}", _answering(command, vol.Schema(fields)), _ANYTHING)
    async_register_command(hass, f"{DOMAIN}/transcript/subscribe", _subscribe, _ANYTHING)


def _answering(command: Command, schema: vol.Schema) -> WebSocketCommandHandler:
    """Answer what a command returns, or the error that it comes to."""

    async def answer(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> None:
        with _answered_errors(connection, msg):
            connection.send_result(msg["id"], await command(_request(hass, connection, msg, schema)))

    return async_response(answer)


@callback
def _subscribe(hass: HomeAssistant, connection: ActiveConnection, msg: Message) -> None:
    """Follow what is said, unfinished sentences too, over reloads of a hub."""
    with _answered_errors(connection, msg):
        request = _request(hass, connection, msg, vol.Schema(CAMERA_FIELDS))
        request.known()
        feed = Feed(request, lambda told: connection.send_event(msg["id"], told))
        connection.subscriptions[msg["id"]] = feed.async_end
        connection.send_result(msg["id"])
        feed.async_begin()


def _request(hass: HomeAssistant, connection: ActiveConnection, msg: Message, schema: vol.Schema) -> Request:
    """Return what is asked; of what is wrong only the names of fields that there are are told."""
    try:
        fields = schema({name: value for name, value in msg.items() if name not in _ENVELOPE})
    except vol.Invalid as error:
        known = {str(each) for each in schema.schema}
        wrong = {str(each.path[0]) for each in getattr(error, "errors", (error,)) if each.path}
        reasons = [f"Wrong or missing: {', '.join(sorted(wrong & known))}." if wrong & known else ""]
        reasons.append("There are fields that the command does not know." if wrong - known else "")
        raise RefusedError(ERR_INVALID_FORMAT, " ".join(filter(None, reasons))) from None
    return Request(hass, connection.user, fields)


@contextmanager
def _answered_errors(connection: ActiveConnection, msg: Message) -> Generator[None]:
    try:
        yield
    except RefusedError as error:
        connection.send_error(msg["id"], error.code, str(error))
    except ServiceValidationError as error:
        connection.send_error(
            msg["id"],
            ERR_INVALID_FORMAT,
            str(error),
            translation_domain=error.translation_domain,
            translation_key=error.translation_key,
            translation_placeholders=error.translation_placeholders,
        )
    except RequestRefusedError as error:
        if is_fault_of_fields(error):
            connection.send_error(msg["id"], ERR_REFUSED, reasons_of(error))
        else:
            connection.send_error(msg["id"], ERR_FAILED, str(error))
    except WallflowerError as error:
        connection.send_error(msg["id"], ERR_FAILED, str(error))
