"""Actions on what all cameras heard: searched, tried with a rule, deleted; and on a file of sound."""

from pathlib import Path
from typing import Any

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.media_source.error import MediaSourceError, Unresolvable
from homeassistant.components.media_source.helper import async_resolve_media
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util.json import JsonValueType

from .action_fields import (
    ATTR_LANGUAGE,
    ATTR_LIMIT,
    ATTR_MEDIA,
    ATTR_MINUTES,
    ATTR_QUERY,
    range_of,
)
from .const import DOMAIN
from .coordinator import WallflowerConfigEntry
from .house_archive import (
    async_forget,
    async_forget_house,
    async_purge,
    async_replay,
    async_search,
    rule_to_try,
)
from .permissions import async_caller, camera_entity_id, permitted
from .requesting import asked
from .targets import TargetedCamera, answering, async_loaded_cameras

MAX_FILE_BYTES = 200_000_000


async def async_search_transcripts(call: ServiceCall) -> ServiceResponse:
    """Find sentences, best first."""
    begin, end = range_of(call.data)
    cameras, missing = await _async_answering(call)
    with asked():
        found = await async_search(cameras, call.data[ATTR_QUERY], begin=begin, end=end, limit=call.data[ATTR_LIMIT])
    said = found.said[: call.data[ATTR_LIMIT]]
    return {
        "segments": [{**_named(call.hass, each.camera), **each.segment.to_response()} for each in said],
        "truncated": bool(found.following) or len(found.said) > len(said),
        "missing": missing,
    }


async def async_replay_rule(call: ServiceCall) -> ServiceResponse:
    """Try a rule on what was said."""
    begin, end = range_of(call.data)
    cameras, missing = await _async_answering(call)
    with asked():
        count, fired = await async_replay(cameras, rule_to_try(call.data), begin=begin, end=end)
    return {
        "count": count,
        "hits": [{**_named(call.hass, each.camera), **each.hit.to_response()} for each in fired],
        "missing": missing,
    }


async def async_purge_transcripts(call: ServiceCall) -> ServiceResponse:
    """Delete what was said, all of it or that of a time."""
    begin, end = range_of(call.data)
    cameras = await _async_cameras(call)
    with asked():
        return {"deleted": await async_purge(cameras, begin=begin, end=end)}


async def async_forget_last(call: ServiceCall) -> ServiceResponse:
    """Forget the last minutes: text, hits, recordings and clips."""
    cameras = await _async_cameras(call)
    forget = async_forget if ATTR_DEVICE_ID in call.data else async_forget_house
    with asked():
        deleted, recordings = await forget(cameras, call.data[ATTR_MINUTES])
    return {"deleted": deleted, "recordings": recordings}


async def async_transcribe_file(call: ServiceCall) -> ServiceResponse:
    """Write down what is said in a file, timed in seconds from its beginning; nothing of it is stored."""
    hass = call.hass
    entries: list[WallflowerConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    if not entries:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_hub")
    path = await _async_path(hass, call.data[ATTR_MEDIA])
    try:
        size = (await hass.async_add_executor_job(path.stat)).st_size
        file = await hass.async_add_executor_job(path.open, "rb")
    except OSError as error:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_such_file") from error
    try:
        if size > MAX_FILE_BYTES:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="file_too_large")
        with asked():
            segments = await entries[0].runtime_data.client.archive.transcribe(file, call.data.get(ATTR_LANGUAGE))
    finally:
        await hass.async_add_executor_job(file.close)
    return {
        "text": " ".join(each.text for each in segments),
        "segments": [
            {"start": each.start.timestamp(), "end": each.end.timestamp(), "text": each.text} for each in segments
        ],
    }


def _named(hass: HomeAssistant, camera: TargetedCamera) -> dict[str, JsonValueType]:
    """Say which camera it was: two may have one name."""
    return {"camera": camera.subentry.title, "entity_id": camera_entity_id(hass, camera.subentry)}


async def _async_cameras(call: ServiceCall) -> list[TargetedCamera]:
    """Return the cameras that are meant, all if none is named, as far as whoever asks may see them."""
    cameras = permitted(call.hass, await async_caller(call), POLICY_READ, async_loaded_cameras(call.hass))
    if (wanted := call.data.get(ATTR_DEVICE_ID)) is not None:
        by_device = {each.device_id(call.hass): each for each in cameras}
        cameras = [] if set(wanted) - by_device.keys() else [by_device[each] for each in sorted(set(wanted))]
    if not cameras:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_such_camera")
    return cameras


async def _async_answering(call: ServiceCall) -> tuple[list[TargetedCamera], list[JsonValueType]]:
    """Return the cameras to ask, and who those are that were meant and cannot be asked; named ones are all asked."""
    cameras = await _async_cameras(call)
    if ATTR_DEVICE_ID in call.data:
        return cameras, []
    found = answering(cameras)
    return found, [_named(call.hass, each) for each in cameras if each not in found]


async def _async_path(hass: HomeAssistant, media: str | dict[str, Any]) -> Path:
    """Return the file that a path or a media selector means; raises ServiceValidationError."""
    given = media if isinstance(media, str) else str(media.get("media_content_id", ""))
    if given.startswith("media-source://"):
        try:
            path = (await async_resolve_media(hass, given, None)).path
        except (MediaSourceError, Unresolvable) as error:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_such_file") from error
        if path is None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_a_local_file")
        return path
    if not await hass.async_add_executor_job(hass.config.is_allowed_path, given):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="path_not_allowed")
    return Path(given)
