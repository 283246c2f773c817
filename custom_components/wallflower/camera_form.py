"""The forms that describe a camera, typed or borrowed, and what their answers mean."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_ENTITY_ID, CONF_NAME, CONF_PASSWORD, CONF_URL, CONF_USERNAME, Platform, UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .camera_account import join
from .camera_url import CameraUrl
from .const import CONF_CAMERA_ENTITY, CONF_KEYWORDS, CONF_RETAIN_DAYS, CONF_STORE, CONF_TRANSPORT
from .exceptions import FormError
from .keyword_rules import PhraseError, rules_from_phrases
from .models import Stream
from .reconcile import MAX_NAME

if TYPE_CHECKING:
    # What Home Assistant serves under the other name.
    import probatio as vol
else:
    import voluptuous as vol

CONF_STREAM = "stream"
SECTION_ADVANCED = "advanced"

STORE_POLICIES = ["all", "text", "keywords", "nothing"]
TRANSPORTS = ["auto", "tcp", "udp"]
MAX_DAYS = 36_500

TEXT = TextSelector(TextSelectorConfig(autocomplete="off"))
KEPT = {
    vol.Optional(CONF_STORE, default=STORE_POLICIES[0]): SelectSelector(
        SelectSelectorConfig(options=STORE_POLICIES, mode=SelectSelectorMode.DROPDOWN, translation_key=CONF_STORE)
    ),
    vol.Optional(CONF_RETAIN_DAYS): NumberSelector(
        NumberSelectorConfig(
            min=1, max=MAX_DAYS, step=1, mode=NumberSelectorMode.BOX, unit_of_measurement=UnitOfTime.DAYS
        )
    ),
}
CONNECTION = {
    vol.Optional(SECTION_ADVANCED): section(
        vol.Schema(
            {
                vol.Optional(CONF_TRANSPORT, default=TRANSPORTS[0]): SelectSelector(
                    SelectSelectorConfig(
                        options=TRANSPORTS, mode=SelectSelectorMode.DROPDOWN, translation_key=CONF_TRANSPORT
                    )
                )
            }
        ),
        {"collapsed": True},
    )
}
TYPED = {
    vol.Required(CONF_NAME): TextSelector(),
    vol.Required(CONF_URL): TEXT,
    vol.Optional(CONF_USERNAME): TEXT,
    vol.Optional(CONF_PASSWORD): TextSelector(
        TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="new-password")
    ),
}


@dataclass(frozen=True, slots=True)
class CameraAnswers:
    """A camera as it will be kept: its name is the subentry's title."""

    name: str
    data: Mapping[str, Any]

    def needs_probe(self, known: ConfigSubentry) -> bool:
        """Whether the camera will be reached in another way than now."""
        way = (CONF_URL, CONF_CAMERA_ENTITY, CONF_TRANSPORT)
        return any(self.data.get(key) != known.data.get(key) for key in way)


def typed_schema(known: ConfigSubentry | None, values: Mapping[str, Any]) -> vol.Schema:
    """Return the form for an address."""
    return vol.Schema({**TYPED, **_keywords(known, values), **KEPT, **CONNECTION})


def borrowed_schema(known: ConfigSubentry | None, values: Mapping[str, Any], excluded: list[str]) -> vol.Schema:
    """Return the form for a camera of Home Assistant, any but those excluded."""
    camera = EntitySelector(EntitySelectorConfig(domain=Platform.CAMERA, exclude_entities=excluded))
    chosen = {vol.Required(CONF_ENTITY_ID): camera, vol.Optional(CONF_NAME): TextSelector()}
    return vol.Schema({**chosen, **_keywords(known, values), **KEPT, **CONNECTION})


def adoption_schema(streams: Iterable[Stream]) -> vol.Schema:
    """Return the form that asks for one of the sidecar's streams."""
    options = [SelectOptionDict(value=stream.id, label=stream.name) for stream in streams]
    return vol.Schema({vol.Required(CONF_STREAM): SelectSelector(SelectSelectorConfig(options=options))})


def suggested_values(subentry: ConfigSubentry, entity_id: str | None) -> dict[str, Any]:
    """Return what the forms show of a known camera; its password never."""
    values = {
        CONF_NAME: subentry.title,
        CONF_ENTITY_ID: entity_id,
        CONF_STORE: subentry.data[CONF_STORE],
        CONF_RETAIN_DAYS: subentry.data[CONF_RETAIN_DAYS],
    }
    if CONF_URL in subentry.data:
        url = CameraUrl.parse(subentry.data[CONF_URL])
        values |= {CONF_URL: url.without_credentials.text, CONF_USERNAME: url.user_text}
    filled = {key: value for key, value in values.items() if value not in ("", None)}
    return filled | {SECTION_ADVANCED: {CONF_TRANSPORT: subentry.data[CONF_TRANSPORT]}}


def read_typed(answers: Mapping[str, Any], known: ConfigSubentry | None = None) -> CameraAnswers:
    """Return the camera at an address; raises FormError for the first answer that cannot be right."""
    name = _name(answers[CONF_NAME])
    before = None if known is None or CONF_URL not in known.data else CameraUrl.parse(known.data[CONF_URL])
    return CameraAnswers(name, {CONF_URL: join(answers, before), **_kept(answers, known)})


def read_borrowed(
    answers: Mapping[str, Any], registry_id: str, its_name: str, known: ConfigSubentry | None = None
) -> CameraAnswers:
    """Return the camera that is borrowed, by `its_name` unless it gets another; raises FormError."""
    name = _name(answers.get(CONF_NAME) or its_name)
    return CameraAnswers(name, {CONF_CAMERA_ENTITY: registry_id, **_kept(answers, known)})


def answers_of(stream: Stream) -> CameraAnswers:
    """Return a camera that the sidecar has already, as it has it."""
    return CameraAnswers(
        stream.name,
        {
            CONF_URL: stream.url,
            CONF_TRANSPORT: stream.transport,
            CONF_KEYWORDS: [rule.to_document() for rule in stream.keywords],
            CONF_STORE: stream.store,
            CONF_RETAIN_DAYS: stream.retain_days,
        },
    )


def _keywords(known: ConfigSubentry | None, values: Mapping[str, Any]) -> dict[vol.Marker, Any]:
    """Offer what a person typed; the rules of a known camera have a form of their own."""
    if known is not None:
        return {}
    config = SelectSelectorConfig(options=values.get(CONF_KEYWORDS, []), multiple=True, custom_value=True)
    return {vol.Optional(CONF_KEYWORDS): SelectSelector(config)}


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= MAX_NAME:
        raise FormError(CONF_NAME, "invalid_name")
    return name


def _kept(answers: Mapping[str, Any], known: ConfigSubentry | None) -> dict[str, Any]:
    try:
        rules = rules_from_phrases(answers.get(CONF_KEYWORDS, ()))
    except PhraseError as error:
        raise FormError(CONF_KEYWORDS, str(error)) from error
    return {
        CONF_TRANSPORT: answers.get(SECTION_ADVANCED, {}).get(CONF_TRANSPORT, TRANSPORTS[0]),
        CONF_KEYWORDS: [rule.to_document() for rule in rules] if known is None else known.data[CONF_KEYWORDS],
        CONF_STORE: answers[CONF_STORE],
        CONF_RETAIN_DAYS: answers.get(CONF_RETAIN_DAYS),
    }
