"""What can be chosen for a whole house: what new cameras begin with, what Assist may know, rules for all cameras."""

from typing import TYPE_CHECKING, Any, override

from homeassistant.config_entries import ConfigEntry, ConfigFlowContext, ConfigFlowResult, OptionsFlow, UnknownEntry
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import BooleanSelector

from .camera_form import KEPT
from .client import WallflowerClient
from .const import CONF_ASSIST
from .exceptions import WallflowerError
from .rule_steps import RuleSteps, loaded_client

if TYPE_CHECKING:
    # What Home Assistant serves under the other name.
    import probatio as vol
else:
    import voluptuous as vol

DEFAULTS_SCHEMA = vol.Schema(KEPT)
ASSIST_SCHEMA = vol.Schema({vol.Required(CONF_ASSIST, default=False): BooleanSelector()})

type Answers = dict[str, Any]


class WallflowerOptionsFlow(RuleSteps[ConfigFlowContext, ConfigFlowResult, str], OptionsFlow):
    """Edits the options of a hub, and the sidecar's rules of the house."""

    async def async_step_init(self, _: Answers | None = None) -> ConfigFlowResult:
        """Ask what is to be changed."""
        return self.async_show_menu(step_id="init", menu_options=["house_rules", "defaults", "assist"])

    async def async_step_defaults(self, user_input: Answers | None = None) -> ConfigFlowResult:
        """Ask what new cameras begin with."""
        if user_input is None:
            return self._form("defaults", DEFAULTS_SCHEMA)
        others = {key: value for key, value in self.config_entry.options.items() if key not in KEPT}
        return self.async_create_entry(data=others | user_input)

    async def async_step_assist(self, user_input: Answers | None = None) -> ConfigFlowResult:
        """Ask whether Assist may look into what was said."""
        if user_input is None:
            return self._form("assist", ASSIST_SCHEMA)
        return self.async_create_entry(data={**self.config_entry.options, **user_input})

    async def async_step_house_rules(self, _: Answers | None = None) -> ConfigFlowResult:
        """Edit the rules that all cameras have."""
        try:
            self._rules = list(await self._client().house_rules())
        except WallflowerError:
            return self.async_abort(reason="cannot_connect")
        return await self.async_step_rules()

    @override
    async def async_step_save_rules(self, _: Answers | None = None) -> ConfigFlowResult:
        """Give the rules to the sidecar, which keeps them and tells everybody."""
        try:
            await self._client().set_house_rules(self._rules)
        except WallflowerError:
            return self.async_abort(reason="cannot_connect")
        return self.async_create_entry(data=dict(self.config_entry.options))

    @property
    @override
    def config_entry(self) -> ConfigEntry:
        try:
            return super().config_entry
        except UnknownEntry:
            raise AbortFlow("entry_not_loaded") from None

    @override
    def _client(self) -> WallflowerClient:
        return loaded_client(self.config_entry)

    def _form(self, step_id: str, schema: vol.Schema) -> ConfigFlowResult:
        values = self.config_entry.options
        return self.async_show_form(step_id=step_id, data_schema=self.add_suggested_values_to_schema(schema, values))
