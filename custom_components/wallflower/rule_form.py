"""The form that describes one keyword rule, and what its answers mean."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from homeassistant.const import CONF_NAME, PERCENTAGE, UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)

from .const import RETRACTED
from .exceptions import FormError
from .keyword_rules import unique_slug
from .models import Rule

if TYPE_CHECKING:
    # What Home Assistant serves under the other name.
    import probatio as vol
else:
    import voluptuous as vol

CONF_COOLDOWN = "cooldown"
CONF_EARLY = "early"
CONF_EXCLUDED = "not"
CONF_MATCH = "match"
CONF_MIN_CONFIDENCE = "min_confidence"
CONF_PHRASES = "phrases"
CONF_RULE = "rule"
CONF_THRESHOLD = "threshold"
SECTION_FINE = "fine"

PHRASE, FUZZY, REGEX = "phrase", "fuzzy", "regex"
MATCHES = [PHRASE, FUZZY, REGEX]
DEFAULT_THRESHOLD = 85
MAX_NAME = 100
MAX_PHRASE = 1000
A_WEEK_S = 7 * 24 * 3600

LINES = TextSelector(TextSelectorConfig(multiline=True))


def _number(highest: float, unit: str, mode: NumberSelectorMode = NumberSelectorMode.SLIDER) -> NumberSelector:
    return NumberSelector(NumberSelectorConfig(min=0, max=highest, step=1, mode=mode, unit_of_measurement=unit))


RULE_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_PHRASES): LINES,
        vol.Required(CONF_MATCH, default=PHRASE): SelectSelector(
            SelectSelectorConfig(options=MATCHES, mode=SelectSelectorMode.LIST, translation_key=CONF_MATCH)
        ),
        vol.Required(CONF_COOLDOWN, default=0): _number(A_WEEK_S, UnitOfTime.SECONDS, NumberSelectorMode.BOX),
        vol.Required(CONF_EARLY, default=False): BooleanSelector(),
        vol.Required(SECTION_FINE): section(
            vol.Schema(
                {
                    vol.Optional(CONF_EXCLUDED): LINES,
                    vol.Required(CONF_MIN_CONFIDENCE, default=0): _number(100, PERCENTAGE),
                    vol.Required(CONF_THRESHOLD, default=DEFAULT_THRESHOLD): _number(100, PERCENTAGE),
                }
            ),
            {"collapsed": True},
        ),
    }
)


def choice_schema(rules: Iterable[Rule], *, multiple: bool) -> vol.Schema:
    """Return the form that asks for one of the rules, or for several."""
    options = [SelectOptionDict(value=rule.id, label=rule.name) for rule in rules]
    config = SelectSelectorConfig(options=options, multiple=multiple, mode=SelectSelectorMode.LIST)
    return vol.Schema({vol.Required(CONF_RULE): SelectSelector(config)})


def suggested_values(rule: Rule) -> dict[str, Any]:
    """Return what the form shows of a known rule."""
    return {
        CONF_NAME: rule.name,
        CONF_PHRASES: "\n".join(rule.phrases),
        CONF_MATCH: rule.match,
        CONF_COOLDOWN: rule.cooldown_s,
        CONF_EARLY: rule.early,
        SECTION_FINE: {
            CONF_EXCLUDED: "\n".join(rule.excluded),
            CONF_MIN_CONFIDENCE: round(rule.min_confidence * 100),
            CONF_THRESHOLD: DEFAULT_THRESHOLD if rule.threshold is None else rule.threshold,
        },
    }


def read_rule(answers: Mapping[str, Any], others: Sequence[Rule], known: Rule | None) -> Rule:
    """Return the rule that the answers describe, `known` until now; raises FormError for what cannot be right."""
    fine, match = answers[SECTION_FINE], answers[CONF_MATCH]
    name = _name(answers[CONF_NAME], others)
    return Rule(
        id=unique_slug(name, {rule.id for rule in others}) if known is None else known.id,
        name=name,
        phrases=_phrases(answers[CONF_PHRASES], match),
        match=match,
        threshold=fine[CONF_THRESHOLD] if match == FUZZY else None,
        excluded=tuple(_lines(fine.get(CONF_EXCLUDED, ""))),
        min_confidence=fine[CONF_MIN_CONFIDENCE] / 100,
        cooldown_s=answers[CONF_COOLDOWN],
        speakers=() if known is None else known.speakers,
        early=answers[CONF_EARLY],
    )


def _name(text: str, others: Sequence[Rule]) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= MAX_NAME:
        raise FormError(CONF_NAME, "invalid_name")
    if name.casefold() == RETRACTED:
        raise FormError(CONF_NAME, "reserved_phrase")
    if any(name.casefold() == rule.name.casefold() for rule in others):
        raise FormError(CONF_NAME, "rule_exists")
    return name


def _phrases(text: str, match: str) -> tuple[str, ...]:
    phrases = tuple(dict.fromkeys(_lines(text)))
    if not phrases:
        raise FormError(CONF_PHRASES, "phrase_needed")
    if any(len(phrase) > MAX_PHRASE for phrase in phrases):
        raise FormError(CONF_PHRASES, "phrase_too_long")
    if match != REGEX and not all(any(map(str.isalnum, phrase)) for phrase in phrases):
        raise FormError(CONF_PHRASES, "phrase_without_words")
    return phrases


def _lines(text: str) -> list[str]:
    return [line for line in map(str.strip, text.splitlines()) if line]
