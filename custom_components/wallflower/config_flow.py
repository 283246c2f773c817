"""How a sidecar is joined, joined anew, and found at another address."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    SubentryFlowContext,
)
from homeassistant.const import CONF_HOST, CONF_TOKEN, CONF_URL
from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowResultType

from .certificate import VERIFY
from .const import CONF_CERTIFICATE, DOMAIN, SUBENTRY_STREAM
from .coordinator import WallflowerConfigEntry
from .discoveries import Discoveries
from .hub_questions import ADDRESS_SCHEMA, CREDENTIALS_SCHEMA, Answers
from .joining import address
from .options_flow import WallflowerOptionsFlow
from .subentry_flow import StreamSubentryFlow


class WallflowerConfigFlow(Discoveries, domain=DOMAIN):
    """Joins one sidecar; its cameras are subentries."""

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: WallflowerConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        return {SUBENTRY_STREAM: StreamSubentryFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: WallflowerConfigEntry) -> WallflowerOptionsFlow:
        return WallflowerOptionsFlow()

    @override
    async def async_step_user(self, user_input: Answers | None = None) -> ConfigFlowResult:
        """Ask where the sidecar is, and for a pairing code or a token."""
        return await self._ask(self.async_step_user, ADDRESS_SCHEMA, user_input, self._join)

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
        self._accepted[entry_data[CONF_URL]] = entry_data.get(CONF_CERTIFICATE, VERIFY)
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: Answers | None = None) -> ConfigFlowResult:
        """Ask for a new pairing code or token."""
        return await self._ask(
            self.async_step_reauth_confirm,
            CREDENTIALS_SCHEMA,
            user_input,
            self._pair_again,
            placeholders={"url": self._get_reauth_entry().data[CONF_URL]},
        )

    async def async_step_reconfigure(self, user_input: Answers | None = None) -> ConfigFlowResult:
        """Ask for another address of the same sidecar; without code or token the known one is kept."""
        return await self._ask(
            self.async_step_reconfigure,
            ADDRESS_SCHEMA,
            user_input,
            self._move,
            suggested={CONF_HOST: self._get_reconfigure_entry().data[CONF_URL]},
        )

    async def _join(self, answers: Answers) -> ConfigFlowResult:
        sidecar = self._candidate(address(answers[CONF_HOST]))
        info = await sidecar.info()
        # Before the code is used up.
        await self.async_set_unique_id(info.server_id, raise_on_progress=False)
        self._abort_if_unique_id_configured()
        return self._create(sidecar, await sidecar.token(answers))

    async def _pair_again(self, answers: Answers) -> ConfigFlowResult:
        entry = self._get_reauth_entry()
        sidecar = self._candidate(entry.data[CONF_URL])
        await self._same_server(sidecar, entry)
        return self._update(entry, sidecar, await sidecar.token(answers))

    async def _move(self, answers: Answers) -> ConfigFlowResult:
        entry = self._get_reconfigure_entry()
        sidecar = self._candidate(address(answers[CONF_HOST]))
        await self._same_server(sidecar, entry)
        return self._update(entry, sidecar, await sidecar.token(answers, known=entry.data[CONF_TOKEN]))
