"""Editing keyword rules step by step: one is added, changed or removed at a time, and all are saved in the end."""

from abc import abstractmethod
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import AbortFlow, FlowContext, FlowHandler, FlowResult

from .client import WallflowerClient
from .coordinator import WallflowerConfigEntry
from .exceptions import FormError, RequestRefusedError, WallflowerError
from .models import Rule
from .rule_form import (
    CONF_PHRASES,
    CONF_RULE,
    RULE_SCHEMA,
    choice_schema,
    read_rule,
    suggested_values,
)

NO_RULES = "–"

type Answers = dict[str, Any]


class RuleSteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    FlowHandler[ContextT, ResultT, HandlerT]
):
    """Edits the rules of one camera, or of the house."""

    def __init__(self) -> None:
        """Start with no rules."""
        super().__init__()
        self._rules: list[Rule] = []
        self._edited: Rule | None = None

    @abstractmethod
    def _client(self) -> WallflowerClient:
        """Return the loaded hub's client; raises AbortFlow."""

    @abstractmethod
    async def async_step_save_rules(self, _: Answers | None = None) -> ResultT:
        """Keep the rules, and end."""

    async def async_step_rules(self, _: Answers | None = None) -> ResultT:
        """Show the rules, and ask what is to be done with them."""
        shown = [f"- **{rule.name}**: {', '.join(rule.phrases)}" for rule in self._rules]
        changes = ["edit_rule", "remove_rule"] if self._rules else []
        return self.async_show_menu(
            step_id="rules",
            menu_options=["add_rule", *changes, "save_rules"],
            description_placeholders={"rules": "\n".join(shown) or NO_RULES},
        )

    async def async_step_add_rule(self, _: Answers | None = None) -> ResultT:
        """Describe a new rule."""
        self._edited = None
        return await self.async_step_rule()

    async def async_step_edit_rule(self, user_input: Answers | None = None) -> ResultT:
        """Choose a rule, and change it."""
        if user_input is None:
            return self.async_show_form(step_id="edit_rule", data_schema=choice_schema(self._rules, multiple=False))
        self._edited = next(rule for rule in self._rules if rule.id == user_input[CONF_RULE])
        return await self.async_step_rule()

    async def async_step_remove_rule(self, user_input: Answers | None = None) -> ResultT:
        """Choose rules, and take them away."""
        if user_input is None:
            return self.async_show_form(step_id="remove_rule", data_schema=choice_schema(self._rules, multiple=True))
        self._rules = [rule for rule in self._rules if rule.id not in user_input[CONF_RULE]]
        return await self.async_step_rules()

    async def async_step_rule(self, user_input: Answers | None = None) -> ResultT:
        """Describe a rule; the sidecar is asked whether it can listen for it."""
        errors: dict[str, str] = {}
        message = ""
        if user_input is not None:
            others = [rule for rule in self._rules if rule is not self._edited]
            try:
                rule = read_rule(user_input, others, self._edited)
                await self._client().check_rule(rule)
            except FormError as error:
                errors[error.field] = error.key
            except RequestRefusedError as error:
                field, message = _refused(error)
                errors[field] = "rule_refused"
            except WallflowerError:
                errors["base"] = "cannot_connect"
            else:
                self._rules = [rule if each is self._edited else each for each in self._rules]
                if self._edited is None:
                    self._rules.append(rule)
                return await self.async_step_rules()
        values = user_input or (suggested_values(self._edited) if self._edited else {})
        return self.async_show_form(
            step_id="rule",
            data_schema=self.add_suggested_values_to_schema(RULE_SCHEMA, values),
            errors=errors,
            description_placeholders={"message": message},
        )


def loaded_client(entry: WallflowerConfigEntry) -> WallflowerClient:
    """Return the client of a hub that is loaded; raises AbortFlow."""
    if entry.state is not ConfigEntryState.LOADED:
        raise AbortFlow("entry_not_loaded")
    return entry.runtime_data.client


def _refused(error: RequestRefusedError) -> tuple[str, str]:
    """Say in which field a refused rule is wrong, and what the sidecar says of it."""
    fault = next(iter(error.faults), None)
    if fault is None:
        return "base", error.detail or error.code
    is_phrase = fault.path.startswith(f"{CONF_RULE}.{CONF_PHRASES}")
    return CONF_PHRASES if is_phrase else "base", fault.message
