"""Conditions on what is heard, or was heard lately."""

from datetime import timedelta
from typing import Any, Unpack, cast, override

from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import Condition, ConditionCheckParams, ConditionConfig
from homeassistant.helpers.typing import ConfigType
import homeassistant.util.dt as dt_util
import voluptuous as vol

from .recent_hits import LONGEST
from .targets import async_targeted_cameras

CONF_KEYWORDS = "keywords"
CONF_WITHIN = "within"

_TARGET: dict[vol.Marker, Any] = {vol.Required(CONF_TARGET): cv.TARGET_FIELDS}


class _CameraCondition(Condition):
    """Asks the cameras of a target."""

    _schema: vol.Schema

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        return cast("ConfigType", cls._schema(config))

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Take over target and options."""
        super().__init__(hass, config)
        self._hass = hass
        self._target = config.target or {}
        self._options = config.options or {}


class IsSpeakingCondition(_CameraCondition):
    """True while somebody speaks at one of the cameras."""

    _schema = vol.Schema({**_TARGET, vol.Optional(CONF_OPTIONS, default=dict): vol.Schema({})})

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        return any(
            (stream := each.entry.runtime_data.data.streams.get(each.stream_id)) and stream.status.speaking
            for each in async_targeted_cameras(self._hass, self._target)
            if each.entry.runtime_data.last_update_success
        )


class KeywordSpokenRecentlyCondition(_CameraCondition):
    """True for some time after a keyword was spoken at one of the cameras."""

    _schema = vol.Schema(
        {
            **_TARGET,
            vol.Required(CONF_OPTIONS): {
                vol.Required(CONF_WITHIN): vol.All(cv.positive_time_period, vol.Range(timedelta(0), LONGEST)),
                vol.Optional(CONF_KEYWORDS, default=list): vol.All(cv.ensure_list, [cv.string]),
            },
        }
    )

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        since = dt_util.utcnow() - self._options[CONF_WITHIN]
        return any(
            each.entry.runtime_data.recent_hits.has(each.stream_id, self._options[CONF_KEYWORDS], since)
            for each in async_targeted_cameras(self._hass, self._target)
        )


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions by name."""
    return {"is_speaking": IsSpeakingCondition, "keyword_spoken_recently": KeywordSpokenRecentlyCondition}
