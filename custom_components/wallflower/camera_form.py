"""The form that describes a camera, and what its answers mean."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME, CONF_PASSWORD, CONF_URL, CONF_USERNAME, UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
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

from .camera_url import MASK, CameraUrl
from .const import CONF_KEYWORDS, CONF_RETAIN_DAYS, CONF_STORE, CONF_TRANSPORT
from .exceptions import FormError
from .keyword_rules import PhraseError, rules_from_phrases
from .models import Stream
from .reconcile import MAX_NAME, rules_of

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


@dataclass(frozen=True, slots=True)
class CameraAnswers:
    """A camera as it will be kept: its name is the subentry's title."""

    name: str
    data: Mapping[str, Any]

    def needs_probe(self, known: ConfigSubentry) -> bool:
        """Whether the camera will be reached in another way than now."""
        return any(self.data[key] != known.data[key] for key in (CONF_URL, CONF_TRANSPORT))


def camera_schema(phrases: list[str]) -> vol.Schema:
    """Return the form; `phrases` are offered beside what a person types."""
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_URL): TextSelector(TextSelectorConfig(autocomplete="off")),
            vol.Optional(CONF_USERNAME): TextSelector(TextSelectorConfig(autocomplete="off")),
            vol.Optional(CONF_PASSWORD): TextSelector(
                TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="new-password")
            ),
            vol.Optional(CONF_KEYWORDS): SelectSelector(
                SelectSelectorConfig(options=phrases, multiple=True, custom_value=True)
            ),
            vol.Optional(CONF_STORE, default=STORE_POLICIES[0]): SelectSelector(
                SelectSelectorConfig(
                    options=STORE_POLICIES, mode=SelectSelectorMode.DROPDOWN, translation_key=CONF_STORE
                )
            ),
            vol.Optional(CONF_RETAIN_DAYS): NumberSelector(
                NumberSelectorConfig(
                    min=1,
                    max=MAX_DAYS,
                    step=1,
                    mode=NumberSelectorMode.BOX,
                    unit_of_measurement=UnitOfTime.DAYS,
                )
            ),
            vol.Optional(SECTION_ADVANCED): section(
                vol.Schema(
                    {
                        vol.Optional(CONF_TRANSPORT, default=TRANSPORTS[0]): SelectSelector(
                            SelectSelectorConfig(
                                options=TRANSPORTS,
                                mode=SelectSelectorMode.DROPDOWN,
                                translation_key=CONF_TRANSPORT,
                            )
                        )
                    }
                ),
                {"collapsed": True},
            ),
        }
    )


def adoption_schema(streams: Iterable[Stream]) -> vol.Schema:
    """Return the form that asks for one of the sidecar's streams."""
    options = [SelectOptionDict(value=stream.id, label=stream.name) for stream in streams]
    return vol.Schema({vol.Required(CONF_STREAM): SelectSelector(SelectSelectorConfig(options=options))})


def suggested_values(subentry: ConfigSubentry) -> dict[str, Any]:
    """Return what the form shows of a known camera; its password never."""
    url = CameraUrl.parse(subentry.data[CONF_URL])
    values = {
        CONF_NAME: subentry.title,
        CONF_URL: url.without_credentials.text,
        CONF_USERNAME: url.user_text,
        CONF_KEYWORDS: [rule.name for rule in rules_of(subentry)],
        CONF_STORE: subentry.data[CONF_STORE],
        CONF_RETAIN_DAYS: subentry.data[CONF_RETAIN_DAYS],
    }
    filled = {key: value for key, value in values.items() if value not in ("", None)}
    return filled | {SECTION_ADVANCED: {CONF_TRANSPORT: subentry.data[CONF_TRANSPORT]}}


def read_answers(answers: Mapping[str, Any], known: ConfigSubentry | None = None) -> CameraAnswers:
    """Return the camera that the answers describe; raises FormError for the first that cannot be right."""
    name = " ".join(answers[CONF_NAME].split())
    if not 0 < len(name) <= MAX_NAME:
        raise FormError(CONF_NAME, "invalid_name")
    url = _url(answers, None if known is None else CameraUrl.parse(known.data[CONF_URL]))
    try:
        rules = rules_from_phrases(answers.get(CONF_KEYWORDS, ()), () if known is None else rules_of(known))
    except PhraseError as error:
        raise FormError(CONF_KEYWORDS, str(error)) from error
    return CameraAnswers(
        name,
        {
            CONF_URL: url,
            CONF_TRANSPORT: answers.get(SECTION_ADVANCED, {}).get(CONF_TRANSPORT, TRANSPORTS[0]),
            CONF_KEYWORDS: [rule.to_document() for rule in rules],
            CONF_STORE: answers[CONF_STORE],
            CONF_RETAIN_DAYS: answers.get(CONF_RETAIN_DAYS),
        },
    )


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


def _url(answers: Mapping[str, Any], known: CameraUrl | None) -> str:
    """Join address, user and password; an empty password keeps the known one of the same account."""
    try:
        url = CameraUrl.parse(answers[CONF_URL].strip())
        if url.user is None or url.password == MASK:
            user = url.user_text or answers.get(CONF_USERNAME, "").strip()
            url = _with_account(url.without_credentials, user, answers.get(CONF_PASSWORD, ""), known)
        return CameraUrl.parse(url.text).text
    except ValueError as error:
        raise FormError(CONF_URL, "invalid_url") from error


def _with_account(url: CameraUrl, user: str, password: str, known: CameraUrl | None) -> CameraUrl:
    if password and not user:
        raise FormError(CONF_USERNAME, "user_needed")
    if password or not user or known is None or not known.password:
        return url.with_credentials(user, password)
    if not url.same_account(user, known):
        raise FormError(CONF_PASSWORD, "password_needed")
    return url.with_password_of(known)
