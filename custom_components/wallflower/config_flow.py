"""How a sidecar is joined, joined anew, and found at another address."""

from collections.abc import Mapping
import re
from typing import TYPE_CHECKING, Any, override

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    SubentryFlowContext,
)
from homeassistant.const import CONF_CODE, CONF_HOST, CONF_TOKEN, CONF_URL
from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType

from .client import WallflowerClient
from .const import DEFAULT_URL, DOMAIN, SUBENTRY_STREAM
from .exceptions import (
    ApiVersionError,
    AuthenticationError,
    ForbiddenError,
    FormError,
    RateLimitedError,
    WallflowerConnectionError,
    WallflowerError,
    WallflowerTimeoutError,
)
from .models import ServerInfo
from .server_address import normalise
from .subentry_flow import StreamSubentryFlow

if TYPE_CHECKING:
    # What Home Assistant serves under the other name.
    import probatio as vol
else:
    import voluptuous as vol

CREDENTIALS = {
    vol.Optional(CONF_CODE): TextSelector(TextSelectorConfig(autocomplete="one-time-code")),
    vol.Optional(CONF_TOKEN): TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")),
}
CREDENTIALS_SCHEMA = vol.Schema(CREDENTIALS)
ADDRESS_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_HOST, default=DEFAULT_URL): TextSelector(TextSelectorConfig(autocomplete="url")),
        **CREDENTIALS,
    }
)

# Where each kind of installation gets its sidecar from; addresses do not belong into translations.
REPOSITORY = "https://github.com/seed-ff1aac1f/wallflower"
PLACES = {
    "repository": REPOSITORY,
    "documentation": f"{REPOSITORY}#readme",
    "install_command": (f'uv tool install --python 3.14 "wallflower-sidecar[bundled-models] @ git+{REPOSITORY}"'),
    "default_url": DEFAULT_URL,
}

CODE = re.compile(r"[0-9]{6}")


class WallflowerConfigFlow(ConfigFlow, domain=DOMAIN):
    """Joins one sidecar; its cameras are subentries."""

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        return {SUBENTRY_STREAM: StreamSubentryFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the sidecar is, and for a pairing code or a token."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                url = _address(user_input[CONF_HOST])
                info = await self._info(url)
                # Before the code is used up.
                await self.async_set_unique_id(info.server_id, raise_on_progress=False)
                self._abort_if_unique_id_configured()
                token = await self._token(url, user_input)
            except FormError as error:
                errors[error.field] = error.key
            else:
                return self.async_create_entry(title="Wallflower", data={CONF_URL: url, CONF_TOKEN: token})
        return self._form("user", ADDRESS_SCHEMA, user_input, errors)

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go on with the first camera."""
        camera = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SUBENTRY_STREAM), context=SubentryFlowContext(source=SOURCE_USER)
        )
        if camera["type"] is not FlowResultType.ABORT:
            result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, camera["flow_id"])
        return result

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """The sidecar does not take the token any more."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a new pairing code or token."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                await self._same_server(entry, entry.data[CONF_URL])
                token = await self._token(entry.data[CONF_URL], user_input)
            except FormError as error:
                # The address is not asked for here.
                errors["base" if error.field == CONF_HOST else error.field] = error.key
            else:
                return self._update(entry, {CONF_TOKEN: token})
        return self._form("reauth_confirm", CREDENTIALS_SCHEMA, user_input, errors, url=entry.data[CONF_URL])

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for another address of the same sidecar; without code or token the known one is kept."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                url = _address(user_input[CONF_HOST])
                await self._same_server(entry, url)
                token = await self._token(url, user_input, known=entry.data[CONF_TOKEN])
            except FormError as error:
                errors[error.field] = error.key
            else:
                return self._update(entry, {CONF_URL: url, CONF_TOKEN: token})
        return self._form("reconfigure", ADDRESS_SCHEMA, user_input or {CONF_HOST: entry.data[CONF_URL]}, errors)

    def _form(
        self,
        step_id: str,
        schema: vol.Schema,
        values: dict[str, Any] | None,
        errors: dict[str, str],
        **placeholders: str,
    ) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders=PLACES | placeholders,
        )

    def _update(self, entry: ConfigEntry, updates: dict[str, str]) -> ConfigFlowResult:
        changes = any(entry.data[name] != value for name, value in updates.items())
        listener_reloads = changes and entry.state is ConfigEntryState.LOADED
        result = self.async_update_and_abort(entry, data_updates=updates)
        if not listener_reloads:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result

    async def _same_server(self, entry: ConfigEntry, url: str) -> None:
        if (await self._info(url)).server_id != entry.unique_id:
            raise FormError(CONF_HOST, "wrong_server")

    async def _info(self, url: str) -> ServerInfo:
        try:
            return await self._client(url).info()
        except WallflowerError as error:
            raise _fault(error) from error

    async def _token(self, url: str, user_input: dict[str, Any], known: str | None = None) -> str:
        """Return a token that works; a given one goes before a code, a code before the known one."""
        code = re.sub(r"[\s-]", "", user_input.get(CONF_CODE, ""))
        token: str = user_input.get(CONF_TOKEN, "").strip()
        if token:
            return await self._checked(url, token, CONF_TOKEN, "wrong_token")
        if code:
            return await self._paired(url, code)
        if known is not None:
            return await self._checked(url, known, CONF_CODE, "known_token_refused")
        raise FormError(CONF_CODE, "code_or_token")

    async def _paired(self, url: str, code: str) -> str:
        if not CODE.fullmatch(code):
            raise FormError(CONF_CODE, "invalid_code")
        try:
            return await self._client(url).pair(code)
        except WallflowerError as error:
            raise _fault(error, CONF_CODE, "wrong_code") from error

    async def _checked(self, url: str, token: str, field: str, refused: str) -> str:
        try:
            await self._client(url, token).check_access()
        except WallflowerError as error:
            raise _fault(error, field, refused) from error
        return token

    def _client(self, url: str, token: str | None = None) -> WallflowerClient:
        return WallflowerClient(async_get_clientsession(self.hass), url, token)


def _address(text: str) -> str:
    try:
        return normalise(text)
    except ValueError as error:
        raise FormError(CONF_HOST, "invalid_address") from error


def _fault(error: WallflowerError, field: str = CONF_HOST, refused: str = "not_wallflower") -> FormError:
    """Say where in the form an error belongs; `refused` is the key for credentials that are not valid."""
    match error:
        case WallflowerTimeoutError():
            place, key = CONF_HOST, "timeout"
        case WallflowerConnectionError():
            place, key = CONF_HOST, "cannot_connect"
        case ApiVersionError():
            place, key = CONF_HOST, "api_too_old" if error.sidecar_is_older else "api_too_new"
        case RateLimitedError():
            place, key = field, "rate_limited"
        case AuthenticationError():
            place, key = field, refused
        case ForbiddenError():
            place, key = field, "token_may_only_read"
        case _:
            place, key = CONF_HOST, "not_wallflower"
    return FormError(place, key)
