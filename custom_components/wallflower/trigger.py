"""Triggers on what is heard; they need no entity, and outlast a reload of the hub."""

from typing import Any, cast, override

from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.trigger import Trigger, TriggerActionRunner, TriggerConfig, TriggerNotTriggeredReporter
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .const import CONF_STORE, RETRACTED
from .coordinator import WallflowerConfigEntry
from .heard import Hit, Segment
from .heard_events import is_late
from .reconcile import stream_subentries
from .subscriptions import SIGNAL_HEARD, Heard
from .targets import async_targeted_cameras

CONF_CONTAINS = "contains"
CONF_KEYWORDS = "keywords"
CONF_LATE = "late"
CONF_MIN_CONFIDENCE = "min_confidence"

_COMMON = {
    vol.Optional(CONF_MIN_CONFIDENCE, default=0): vol.All(vol.Coerce(float), vol.Range(0, 1)),
    vol.Optional(CONF_LATE, default=False): cv.boolean,
}


def _schema(**options: Any) -> vol.Schema:
    return vol.Schema(
        {
            vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
            vol.Optional(CONF_OPTIONS, default=dict): {
                **{vol.Optional(name, default=list): kind for name, kind in options.items()},
                **_COMMON,
            },
        }
    )


class HeardTrigger[T: (Hit, Segment)](Trigger):
    """Fires for what is heard on the cameras of a target, those that belong to it at that moment."""

    _schema: vol.Schema
    _kind: type[T]

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        return cast("ConfigType", cls._schema(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take over target and options."""
        super().__init__(hass, config)
        self._target = config.target or {}
        self._options = config.options or {}

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        @callback
        def handle(entry: WallflowerConfigEntry, heard: Heard) -> None:
            if (
                isinstance(heard, self._kind)
                and self._is_wanted(heard)
                and any(
                    (each.entry, each.stream_id) == (entry, heard.stream)
                    for each in async_targeted_cameras(self._hass, self._target)
                )
            ):
                title = stream_subentries(entry)[heard.stream].title
                run_action({"camera": title, **self._payload(entry, heard)}, f"{self._what} on {title}")

        return async_dispatcher_connect(self._hass, SIGNAL_HEARD, handle)

    _what = "something heard"

    def _is_wanted(self, heard: T) -> bool:
        return heard.confidence >= self._options[CONF_MIN_CONFIDENCE] and (
            self._options[CONF_LATE] or not is_late(heard.start)
        )

    def _payload(self, entry: WallflowerConfigEntry, heard: T) -> dict[str, Any]:
        store = stream_subentries(entry)[heard.stream].data[CONF_STORE]
        return {
            "stream": heard.stream,
            # Home Assistant keeps what its automations were given.
            "text": heard.text if store in self._text_of else None,
            "confidence": heard.confidence,
            "start": heard.start.isoformat(timespec="milliseconds"),
            "end": heard.end.isoformat(timespec="milliseconds"),
            "source": heard.source,
            "late": is_late(heard.start),
        }

    _text_of = frozenset({"all", "text"})


class KeywordSpokenTrigger(HeardTrigger[Hit]):
    """Fires once for each hit, early or not; never for one that is taken back."""

    _schema = _schema(**{CONF_KEYWORDS: vol.All(cv.ensure_list, [cv.string])})
    _kind = Hit
    _what = "keyword spoken"
    _text_of = frozenset({"all", "text", "keywords"})

    @override
    def _is_wanted(self, heard: Hit) -> bool:
        names = {each.casefold() for each in self._options[CONF_KEYWORDS]}
        is_named = not names or heard.rule_name.casefold() in names
        return heard.state != RETRACTED and is_named and super()._is_wanted(heard)

    @override
    def _payload(self, entry: WallflowerConfigEntry, heard: Hit) -> dict[str, Any]:
        return super()._payload(entry, heard) | {
            "keyword": heard.rule_name,
            "phrase": heard.phrase,
            "speaker": heard.speaker,
            "segment": heard.segment,
            "state": heard.state,
        }


class UtteranceTrigger(HeardTrigger[Segment]):
    """Fires for each sentence, or for those that contain one of some texts."""

    _schema = _schema(**{CONF_CONTAINS: vol.All(cv.ensure_list, [cv.string])})
    _kind = Segment
    _what = "utterance"

    @override
    def _is_wanted(self, heard: Segment) -> bool:
        wanted, text = self._options[CONF_CONTAINS], heard.text.casefold()
        return (not wanted or any(each.casefold() in text for each in wanted)) and super()._is_wanted(heard)

    @override
    def _payload(self, entry: WallflowerConfigEntry, heard: Segment) -> dict[str, Any]:
        return super()._payload(entry, heard) | {"language": heard.language, "segment": heard.id}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers by name."""
    return {"keyword_spoken": KeywordSpokenTrigger, "utterance": UtteranceTrigger}
