"""What Home Assistant's hassfest asks of a custom integration's files, as schemas, for every language alike."""

from collections.abc import Callable
import json
import re
from string import Formatter
from typing import Any
from urllib.parse import urlsplit

from awesomeversion import AwesomeVersion, AwesomeVersionStrategy
from hass_frontend import where
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import TargetSelector, validate_selector
import voluptuous as vol

Schema = dict[Any, Any]

_KEY = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")
_ADDRESS = re.compile(r"(://|\bwww\.)[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,5}\b", re.IGNORECASE)
_TYPES = ["device", "entity", "hardware", "helper", "hub", "service", "system"]
_VERSIONS = [
    AwesomeVersionStrategy.CALVER,
    AwesomeVersionStrategy.SEMVER,
    AwesomeVersionStrategy.SIMPLEVER,
    AwesomeVersionStrategy.BUILDVER,
    AwesomeVersionStrategy.PEP440,
]


def key(value: str) -> str:
    """What is translated: lower case, parted by single hyphens or underscores."""
    if not _KEY.fullmatch(value):
        raise vol.Invalid(f"{value} is no key of a translation")
    return value


def plain(value: Any) -> str:
    """A sentence that nothing is put into."""
    sentence = text(value)
    if any(name for _, name, _, _ in Formatter().parse(sentence)):
        raise vol.Invalid("placeholders are not filled here")
    return sentence


def text(value: Any) -> str:
    """A sentence: no HTML, no address, no reference, no space around it, placeholders by name and not in quotes."""
    sentence = cv.string_with_no_html(value)
    for wrong, why in (
        (sentence != sentence.strip() or not sentence, "empty, or spaces around it"),
        (_ADDRESS.search(sentence), "addresses are placeholders"),
        (re.search(r"\[%|%\]", sentence), "references are not resolved in custom integrations"),
        (re.search(r"'\{\w+\}'", sentence), "a placeholder in single quotes is not filled"),
        (
            any(name is not None and not name.isidentifier() for _, name, _, _ in Formatter().parse(sentence)),
            "a placeholder is no name",
        ),
    ):
        if wrong:
            raise vol.Invalid(why)
    return sentence


def by_key(value: Any, keys: Callable[[Any], Any] = key) -> Callable[[Any], Any]:
    """A map from keys to something."""
    return cv.schema_with_slug_keys(value, slug_validator=keys)


def _maybe(names: str, value: Any) -> Schema:
    return {vol.Optional(name): value for name in names.split()}


def _describing_only_fields(step: Any) -> Any:
    for part in (step, *step.get("sections", {}).values()):
        if unknown := part.get("data_description", {}).keys() - part.get("data", {}).keys():
            raise vol.Invalid(f"described, but not asked for: {unknown}")
    return step


_FIELDS = _maybe("data data_description", by_key(text))
_STEP = vol.All(
    {
        **_maybe("title description submit", text),
        **_maybe("menu_options menu_option_descriptions", by_key(text)),
        **_FIELDS,
        vol.Optional("sections"): by_key({**_maybe("name description", text), **_FIELDS}),
    },
    _describing_only_fields,
)
_FLOW: Schema = {
    vol.Optional("flow_title"): text,
    vol.Optional("step"): by_key(_STEP),
    **_maybe("abort create_entry error progress", by_key(text)),
}
_SUBENTRY_FLOW = {
    **_FLOW,
    vol.Required("entry_type"): text,
    vol.Required("initiate_flow"): {vol.Required("user"): text, vol.Optional("reconfigure"): text},
}
_STATES = {vol.Optional("state"): by_key(plain)}
_ENTITY = {
    vol.Optional("name"): text,
    vol.Optional("unit_of_measurement"): plain,
    **_STATES,
    vol.Optional("state_attributes"): by_key({vol.Optional("name"): plain, **_STATES}),
}
_NAMED = {vol.Required("name"): text, vol.Optional("description"): text}
_CHOICE = {
    vol.Required("name"): text,
    vol.Required("description"): text,
    vol.Optional("fields"): by_key(_NAMED),
    vol.Optional("sections"): by_key(_NAMED),
}
TRANSLATIONS = vol.Schema(
    {
        vol.Optional("title"): text,
        **_maybe("config options", _FLOW),
        vol.Optional("config_subentries"): by_key(_SUBENTRY_FLOW, cv.slug),
        vol.Optional("device"): by_key({vol.Optional("name"): text}),
        vol.Optional("entity"): by_key(by_key(_ENTITY), cv.slug),
        vol.Optional("exceptions"): by_key({vol.Required("message"): text}, cv.slug),
        vol.Optional("issues"): by_key(
            {
                vol.Required("title"): text,
                vol.Exclusive("description", "kind"): text,
                vol.Exclusive("fix_flow", "kind"): _FLOW,
            }
        ),
        vol.Optional("selector"): by_key(_maybe("choices options unit_of_measurement", by_key(text)), cv.slug),
        **_maybe("services conditions triggers", by_key(_CHOICE)),
        vol.Optional("system_health"): {vol.Optional("info"): by_key(text)},
    }
)

_MDI = {f"mdi:{icon['name']}" for icon in json.loads((where() / "static/mdi/iconList.json").read_text())}


def icon(value: Any) -> str:
    """An icon that the pinned frontend has."""
    if value not in _MDI:
        raise vol.Invalid(f"there is no icon {value}")
    return str(value)


def _saying_something_new(icons: Any) -> Any:
    if icons.get("default") in {*icons.get("state", {}).values(), *icons.get("range", {}).values()}:
        raise vol.Invalid("the same as the default")
    numbers = [float(each) for each in icons.get("range", {})]
    if numbers != sorted(numbers):
        raise vol.Invalid("the range does not ascend")
    return icons


def _icons(marker: Any) -> Any:
    by_state = {vol.Optional("state"): by_key(icon), vol.Optional("range"): {vol.Coerce(float): icon}}
    return vol.All({marker("default"): icon, **by_state}, _saying_something_new)


ICONS = vol.Schema(
    {
        vol.Optional("entity"): by_key(by_key(_icons(vol.Required)), cv.slug),
        vol.Optional("services"): by_key({vol.Required("service"): icon, vol.Optional("sections"): by_key(icon)}),
        vol.Optional("triggers"): by_key({vol.Required("trigger"): icon}),
        vol.Optional("conditions"): by_key({vol.Required("condition"): icon}),
    }
)


def _there(value: Any) -> Any:
    if value is None:
        raise vol.Invalid("nothing")
    return value


_FIELD = {
    **_maybe("default example", _there),
    vol.Optional("required"): bool,
    vol.Required("selector"): validate_selector,
}
_TARGETED: Schema = {
    vol.Optional("target"): TargetSelector.CONFIG_SCHEMA,
    vol.Optional("fields"): by_key(_FIELD),
}
SERVICES = vol.Schema({cv.slug: vol.Any(_TARGETED, None)})
TRIGGERS = CONDITIONS = vol.Schema({cv.underscore_slug: vol.Any(_TARGETED, None)})


def _version(value: str) -> str:
    AwesomeVersion(value, ensure_strategy=_VERSIONS)
    return value


def _own_documentation(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or parts.hostname == "www.home-assistant.io":
        raise vol.Invalid("no page of a custom integration")
    return value


def _requirement(value: str) -> str:
    if not re.fullmatch(r"[\w.,\[\]-]+((==|>=|<=|~=|!=|<|>)\S+)?", value):
        raise vol.Invalid("no requirement as pip takes it")
    return value


MANIFEST = vol.Schema(
    {
        vol.Required("domain"): cv.slug,
        vol.Required("name"): str,
        vol.Required("version"): vol.All(str, _version),
        vol.Required("documentation"): vol.All(vol.Url(), _own_documentation),
        vol.Required("issue_tracker"): vol.Url(),
        vol.Required("codeowners"): vol.All([vol.Match(r"@[\w-]+$")], vol.Length(1)),
        vol.Required("integration_type"): vol.In(
            {*["device", "entity", "hardware", "helper", "hub", "service", "system"]}
        ),
        vol.Required("iot_class"): vol.In(
            ["assumed_state", "calculated", "cloud_polling", "cloud_push", "local_polling", "local_push"]
        ),
        vol.Required("config_flow"): bool,
        vol.Optional("requirements"): [_requirement],
        **_maybe("after_dependencies dependencies loggers", [str]),
        **_maybe("import_executor single_config_entry", bool),
        vol.Optional("zeroconf"): [vol.Match(r"_[a-z0-9-]+\._(tcp|udp)\.local\.$")],
    }
)

# What HACS takes in hacs.json, and nothing else.
HACS = vol.Schema(
    {
        vol.Required("name"): str,
        **_maybe("content_in_root hide_default_branch render_readme zip_release", bool),
        **_maybe("filename hacs homeassistant persistent_directory", str),
        vol.Optional("country"): vol.Any(str, [str]),
    }
)
