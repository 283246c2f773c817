"""A sidecar that makes itself known: to the local network, or as an app to Home Assistant's Supervisor."""

from typing import TYPE_CHECKING, override

from homeassistant.config_entries import SOURCE_IGNORE, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT, CONF_TOKEN, CONF_URL
from homeassistant.helpers.service_info.hassio import HassioServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from yarl import URL

from .certificate import VERIFY
from .const import CONF_CERTIFICATE
from .coordinator import WallflowerConfigEntry
from .exceptions import CertificateError, FormError
from .hub_questions import CREDENTIALS_SCHEMA, Answers, HubQuestions
from .joining import Candidate
from .server_address import normalise

if TYPE_CHECKING:
    # What Home Assistant serves under the other name.
    import probatio as vol
else:
    import voluptuous as vol

NOTHING_SCHEMA = vol.Schema({})


class Discoveries(HubQuestions):
    """Asks about a sidecar that was found, and follows one that moved."""

    _found_url: str
    _app_token: str

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """A sidecar announced itself to the local network."""
        told = discovery_info.properties
        if told.get("app") == "true":
            # The Supervisor hands over its token as well.
            return self.async_abort(reason="found_as_app")
        try:
            server_id, self._found_url = str(told["server_id"]), normalise(str(told["base_url"]))
        except KeyError, ValueError:
            return self.async_abort(reason="not_wallflower")
        known = await self.async_set_unique_id(server_id)
        if known is not None and known.source != SOURCE_IGNORE:
            await self._follow(known)
        self._abort_if_unique_id_configured()
        self.context["title_placeholders"] = {CONF_NAME: str(URL(self._found_url).host)}
        return await self.async_step_zeroconf_confirm()

    async def async_step_zeroconf_confirm(self, user_input: Answers | None = None) -> ConfigFlowResult:
        """Ask for a pairing code or a token."""
        return await self._ask(
            self.async_step_zeroconf_confirm,
            CREDENTIALS_SCHEMA,
            user_input,
            self._join_found,
            placeholders={"url": self._found_url},
        )

    @override
    async def async_step_hassio(self, discovery_info: HassioServiceInfo) -> ConfigFlowResult:
        """The app told the Supervisor where it is, and a token."""
        try:
            told = discovery_info.config
            self._found_url = normalise(f"http://{told[CONF_HOST]}:{told[CONF_PORT]}")
            self._app_token = str(told[CONF_TOKEN])
            sidecar = self._candidate(self._found_url)
            info = await sidecar.info()
            await sidecar.token({CONF_TOKEN: self._app_token})
        except FormError as error:
            return self.async_abort(reason="cannot_connect" if error.field == CONF_HOST else "wrong_token")
        except KeyError, ValueError:
            return self.async_abort(reason="not_wallflower")
        known = await self.async_set_unique_id(info.server_id, raise_on_progress=False)
        if known is not None and known.source != SOURCE_IGNORE:
            if (known.data[CONF_URL], known.data[CONF_TOKEN]) != (sidecar.url, self._app_token):
                self._update(known, sidecar, self._app_token)
            return self.async_abort(reason="already_configured")
        self._abort_if_unique_id_configured()
        self.context["title_placeholders"] = {CONF_NAME: discovery_info.name}
        return await self.async_step_hassio_confirm()

    async def async_step_hassio_confirm(self, user_input: Answers | None = None) -> ConfigFlowResult:
        """Ask whether the app is to be joined."""
        return await self._ask(self.async_step_hassio_confirm, NOTHING_SCHEMA, user_input, self._join_app)

    async def _join_found(self, answers: Answers) -> ConfigFlowResult:
        sidecar = self._candidate(self._found_url)
        if (await sidecar.info()).server_id != self.unique_id:
            raise FormError(CONF_HOST, "wrong_server")
        return self._create(sidecar, await sidecar.token(answers))

    async def _join_app(self, _: Answers) -> ConfigFlowResult:
        sidecar = self._candidate(self._found_url)
        return self._create(sidecar, await sidecar.token({CONF_TOKEN: self._app_token}))

    async def _follow(self, known: WallflowerConfigEntry) -> None:
        """Take over the new address of a sidecar that does not answer at the known one any more.

        Anybody may announce anything, and the token goes where the address points: what was encrypted stays so.
        """
        old, new = known.data[CONF_URL], self._found_url
        certificate = known.data.get(CONF_CERTIFICATE, VERIFY)
        if old == new or (URL(old).scheme == "https" and URL(new).scheme != "https"):
            return
        if await self._answers(Candidate(self.hass, old, certificate), known):
            return
        moved = Candidate(self.hass, new, certificate)
        if await self._answers(moved, known):
            self._update(known, moved, known.data[CONF_TOKEN])

    async def _answers(self, sidecar: Candidate, known: WallflowerConfigEntry) -> bool:
        try:
            await self._same_server(sidecar, known)
        except FormError, CertificateError:
            return False
        return True
