"""Tools for Assist: what was said, of cameras that are exposed to it, on hubs whose options allow it."""

from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, override

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.components.llm import LLMTools
from homeassistant.components.sensor.const import DOMAIN as SENSOR_DOMAIN
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.llm import LLM_API_ASSIST, LLMContext, Tool, ToolAnnotations, ToolInput, ToolResult
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from .borrowed_camera import lender_of
from .const import CONF_ASSIST, CONF_STORE, DOMAIN
from .exceptions import WallflowerError
from .house_archive import Said, async_search
from .permissions import camera_entity_id, permitted
from .targets import TargetedCamera, answering, async_loaded_cameras

if TYPE_CHECKING:
    # What Home Assistant serves under the other name.
    import probatio as vol
else:
    import voluptuous as vol

MOST = 50

_READING = ToolAnnotations(read_only=True, destructive=False, idempotent=True, open_world=False)
_CAMERA, _HOURS, _MINUTES, _WORDS = "camera", "hours", "minutes", "words"


class _HeardTool(Tool):
    """Answers sentences of the cameras that were exposed when the tool was offered."""

    annotations = _READING
    integration = DOMAIN

    def __init__(self, cameras: list[TargetedCamera]) -> None:
        """Offer the cameras by name."""
        self._cameras = cameras
        self.parameters = vol.Schema(
            {**self._fields(), vol.Optional(_CAMERA): vol.In(sorted({each.subentry.title for each in cameras}))}
        )

    @abstractmethod
    def _fields(self) -> dict[vol.Marker, object]:
        """Return what can be asked, beside the camera."""

    @abstractmethod
    async def _heard(self, cameras: list[TargetedCamera], asked: dict[str, object]) -> list[Said]:
        """Return what answers it, camera by camera."""

    @override
    async def async_call(self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext) -> ToolResult:
        """Return what was said, the newest last."""
        asked = self.parameters(tool_input.tool_args)
        offered = {each.subentry.subentry_id for each in self._cameras}
        cameras = [
            each
            for each in await _async_cameras_of(hass, llm_context)
            if each.subentry.subentry_id in offered and asked.get(_CAMERA) in {None, each.subentry.title}
        ]
        found = answering(cameras)
        try:
            said = (await self._heard(found, asked))[:MOST]
        except WallflowerError:
            return ToolResult(data={"error": "The sidecar does not answer"}, error=True)
        sentences: list[JsonValueType] = [
            {
                "camera": each.camera.subentry.title,
                "at": dt_util.as_local(each.segment.start).isoformat(timespec="seconds"),
                "text": each.segment.text,
            }
            for each in sorted(said, key=lambda each: each.segment.start)
        ]
        unreachable: list[JsonValueType] = [each.subentry.title for each in cameras if each not in found]
        return ToolResult(data={"sentences": sentences, "unreachable_cameras": unreachable})


class SearchTool(_HeardTool):
    """Finds sentences by their words."""

    name = "wallflower__search_transcripts"
    title = "Search what was said"
    description = "Find sentences that were spoken near the house's cameras by words that all occur in them."

    @override
    def _fields(self) -> dict[vol.Marker, object]:
        return {
            vol.Required(_WORDS): vol.All(str, vol.Length(1, 1000)),
            vol.Optional(_HOURS, default=24): vol.All(vol.Coerce(float), vol.Range(0, 24 * 365)),
        }

    @override
    async def _heard(self, cameras: list[TargetedCamera], asked: dict[str, object]) -> list[Said]:
        begin = dt_util.utcnow() - timedelta(hours=float(str(asked[_HOURS])))
        return (await async_search(cameras, str(asked[_WORDS]), begin=begin, limit=MOST)).said


class RecentTool(_HeardTool):
    """Tells what was said lately."""

    name = "wallflower__recent_speech"
    title = "What was said lately"
    description = "Get the sentences that were spoken near the house's cameras in the last minutes."

    @override
    def _fields(self) -> dict[vol.Marker, object]:
        return {vol.Optional(_MINUTES, default=15): vol.All(vol.Coerce(float), vol.Range(0, 24 * 60))}

    @override
    async def _heard(self, cameras: list[TargetedCamera], asked: dict[str, object]) -> list[Said]:
        begin = dt_util.utcnow() - timedelta(minutes=float(str(asked[_MINUTES])))
        return (await async_search(cameras, None, begin=begin, limit=MOST)).said


@callback
def async_get_tools(hass: HomeAssistant, llm_context: LLMContext, api_id: str) -> LLMTools | None:
    """Return the tools if there is a camera that they may tell of."""
    cameras = _exposed(hass, llm_context)
    if api_id != LLM_API_ASSIST or not cameras:
        return None
    return LLMTools(tools=[SearchTool(cameras), RecentTool(cameras)])


@callback
def _exposed(hass: HomeAssistant, llm_context: LLMContext) -> list[TargetedCamera]:
    """Return the cameras that are exposed, less those of which nothing is kept."""
    assistant = llm_context.assistant
    return [
        each
        for each in async_loaded_cameras(hass)
        if each.entry.options.get(CONF_ASSIST)
        and each.subentry.data[CONF_STORE] != "nothing"
        and any(async_should_expose(hass, assistant, entity_id) for entity_id in _standing_for(hass, each.subentry))
    ]


def _standing_for(hass: HomeAssistant, subentry: ConfigSubentry) -> list[str]:
    """Return the entities any of which exposes what a camera heard: ours, its transcript, the one it borrows."""
    transcript = er.async_get(hass).async_get_entity_id(SENSOR_DOMAIN, DOMAIN, f"{subentry.subentry_id}_transcript")
    lender = lender_of(hass, subentry)
    found = (camera_entity_id(hass, subentry), transcript, lender and lender.entity_id)
    return [entity_id for entity_id in found if entity_id]


async def _async_cameras_of(hass: HomeAssistant, llm_context: LLMContext) -> list[TargetedCamera]:
    """Return the cameras that are exposed now, as far as the one who speaks may see them."""
    context = llm_context.context
    user_id = None if context is None else context.user_id
    user = None if user_id is None else await hass.auth.async_get_user(user_id)
    if user_id is not None and user is None:
        return []
    return permitted(hass, user, POLICY_READ, _exposed(hass, llm_context))
