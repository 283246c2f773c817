"""What all flows of a hub share: a form is tried out, faults stand in it, an unknown certificate is asked about."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_CODE, CONF_HOST, CONF_TOKEN, CONF_URL
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
from yarl import URL

from .certificate import ANY, VERIFY, presented, readable
from .const import CONF_CERTIFICATE, DEFAULT_URL
from .coordinator import WallflowerConfigEntry
from .exceptions import CertificateError, FormError, WallflowerError
from .joining import Candidate

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

type Answers = dict[str, Any]
type Step = Callable[[Answers | None], Awaitable[ConfigFlowResult]]


class HubQuestions(ConfigFlow):
    """Asks on behalf of a step, which says what is done with the answers."""

    def __init__(self) -> None:
        """Start with nothing answered, and trust what authorities vouch for."""
        self._accepted: dict[str, str] = {}
        self._step: Step
        self._typed: Answers | None = None
        self._asked_url = self._shown = self._doubt = ""

    async def async_step_certificate(self, _: Answers | None = None) -> ConfigFlowResult:
        """Ask about a certificate that nobody vouches for, before anything secret is sent there."""
        return self.async_show_menu(
            step_id="certificate",
            menu_options=["pin", "trust", "back"],
            description_placeholders={
                "url": self._asked_url,
                "fingerprint": readable(self._shown),
                "error": self._doubt,
            },
        )

    async def async_step_pin(self, _: Answers | None = None) -> ConfigFlowResult:
        """Accept the certificate that was shown and no other."""
        self._accepted[self._asked_url] = self._shown
        return await self._step(self._typed)

    async def async_step_trust(self, _: Answers | None = None) -> ConfigFlowResult:
        """Accept whatever certificate is shown at this address."""
        self._accepted[self._asked_url] = ANY
        return await self._step(self._typed)

    async def async_step_back(self, _: Answers | None = None) -> ConfigFlowResult:
        """Accept nothing, and show the form again."""
        return await self._step(None)

    def _candidate(self, url: str) -> Candidate:
        self._asked_url = url
        return Candidate(self.hass, url, self._accepted.get(url, VERIFY))

    async def _ask(
        self,
        step: Step,
        schema: vol.Schema,
        answers: Answers | None,
        attempt: Callable[[Answers], Awaitable[ConfigFlowResult]],
        *,
        suggested: Mapping[str, Any] | None = None,
        placeholders: Mapping[str, str] | None = None,
    ) -> ConfigFlowResult:
        """Show a step's form until `attempt` makes something of the answers."""
        self._step = step
        errors: dict[str, str] = {}
        if answers is not None:
            self._typed = answers
            try:
                return await self._try(attempt, answers)
            except FormError as error:
                # The address is not asked for everywhere.
                errors[error.field if error.field in schema.schema else "base"] = error.key
        return self.async_show_form(
            step_id=step.__name__.removeprefix("async_step_"),
            data_schema=self.add_suggested_values_to_schema(schema, self._typed or suggested),
            errors=errors,
            description_placeholders={**PLACES, **(placeholders or {})},
        )

    async def _try(
        self, attempt: Callable[[Answers], Awaitable[ConfigFlowResult]], answers: Answers
    ) -> ConfigFlowResult:
        try:
            return await attempt(answers)
        except CertificateError as error:
            self._doubt = str(error)
        try:
            self._shown = await presented(self._asked_url)
        except WallflowerError as error:
            raise FormError(CONF_HOST, "cannot_connect") from error
        return await self.async_step_certificate()

    async def _same_server(self, sidecar: Candidate, entry: WallflowerConfigEntry) -> None:
        if (await sidecar.info()).server_id != entry.unique_id:
            raise FormError(CONF_HOST, "wrong_server")

    def _create(self, sidecar: Candidate, token: str) -> ConfigFlowResult:
        # A second sidecar is told from the first by where it is.
        title = f"Wallflower ({URL(sidecar.url).host})" if self._async_current_entries() else "Wallflower"
        return self.async_create_entry(title=title, data=_data(sidecar, token))

    def _update(self, entry: WallflowerConfigEntry, sidecar: Candidate, token: str) -> ConfigFlowResult:
        data = _data(sidecar, token)
        listener_reloads = data != dict(entry.data) and entry.state is ConfigEntryState.LOADED
        result = self.async_update_and_abort(entry, data=data)
        if not listener_reloads:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result


def _data(sidecar: Candidate, token: str) -> dict[str, str]:
    """Return an entry's data; which certificate is accepted stands there unless it is the usual one."""
    data = {CONF_URL: sidecar.url, CONF_TOKEN: token}
    return data if sidecar.certificate == VERIFY else data | {CONF_CERTIFICATE: sidecar.certificate}
