"""Actions on what all cameras heard: searched, tried with a rule, deleted; and on a file of sound."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.media_source.error import MediaSourceError, Unresolvable
from homeassistant.components.media_source.helper import async_resolve_media
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.util.json import JsonValueType

from .action_fields import (
    ATTR_LANGUAGE,
    ATTR_LIMIT,
    ATTR_MATCH,
    ATTR_MEDIA,
    ATTR_MINUTES,
    ATTR_NOT,
    ATTR_PHRASES,
    ATTR_QUERY,
    ATTR_THRESHOLD,
    range_of,
)
from .const import DOMAIN
from .coordinator import WallflowerConfigEntry
from .permissions import async_caller, is_permitted
from .reconcile import stream_subentries
from .requesting import asked

MAX_FILE_BYTES = 200_000_000

type Cameras = Mapping[WallflowerConfigEntry, set[str]]


async def async_search_transcripts(call: ServiceCall) -> ServiceResponse:
    """Find sentences, best first."""
    begin, end = range_of(call)
    found: list[JsonValueType] = []
    more = False
    for entry, stream_ids in (await _async_cameras(call)).items():
        with asked():
            segments, truncated = await entry.runtime_data.client.archive.search(
                call.data[ATTR_QUERY], stream_ids, begin=begin, end=end, limit=call.data[ATTR_LIMIT]
            )
        found += [{"camera": _title(entry, each.stream), **each.to_response()} for each in segments]
        more |= truncated
    limit: int = call.data[ATTR_LIMIT]
    return {"segments": found[:limit], "truncated": more or len(found) > limit}


async def async_replay_rule(call: ServiceCall) -> ServiceResponse:
    """Try a rule on what was said."""
    begin, end = range_of(call)
    rule: dict[str, Any] = {
        "id": "replay",
        "phrases": call.data[ATTR_PHRASES],
        "match": call.data[ATTR_MATCH],
        "not": call.data[ATTR_NOT],
    }
    if (threshold := call.data.get(ATTR_THRESHOLD)) is not None:
        rule["threshold"] = threshold
    count = 0
    hits: list[JsonValueType] = []
    for entry, stream_ids in (await _async_cameras(call)).items():
        for stream_id in sorted(stream_ids):
            with asked():
                of_stream, found = await entry.runtime_data.client.archive.replay(rule, stream_id, begin=begin, end=end)
            count += of_stream
            hits += [{"camera": _title(entry, stream_id), **hit.to_response()} for hit in found]
    return {"count": count, "hits": hits}


async def async_purge_transcripts(call: ServiceCall) -> ServiceResponse:
    """Delete what was said, all of it or that of a time."""
    begin, end = range_of(call)
    deleted = 0
    for entry, stream_ids in (await _async_cameras(call)).items():
        for stream_id in sorted(stream_ids):
            with asked():
                deleted += await entry.runtime_data.client.archive.purge(stream_id, begin=begin, end=end)
    return {"deleted": deleted}


async def async_forget(call: ServiceCall) -> ServiceResponse:
    """Forget the last minutes: text, hits, recordings and clips."""
    deleted = recordings = 0
    whole_house = ATTR_DEVICE_ID not in call.data
    for entry, stream_ids in (await _async_cameras(call)).items():
        for stream_id in [None] if whole_house else sorted(stream_ids):
            with asked():
                forgot = await entry.runtime_data.client.archive.forget(call.data[ATTR_MINUTES], stream_id)
            deleted += forgot[0]
            recordings += forgot[1]
    return {"deleted": deleted, "recordings": recordings}


async def async_transcribe_file(call: ServiceCall) -> ServiceResponse:
    """Write down what is said in a file; nothing of it is stored."""
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
            {"start": each.start.isoformat(), "end": each.end.isoformat(), "text": each.text} for each in segments
        ],
    }


async def _async_cameras(call: ServiceCall) -> Cameras:
    """Return the cameras that are meant, all if none is named, as far as whoever asks may see them."""
    hass, user = call.hass, await async_caller(call)
    wanted = set(call.data.get(ATTR_DEVICE_ID, ()))
    found: dict[WallflowerConfigEntry, set[str]] = defaultdict(set)
    named: set[str] = set()
    devices = dr.async_get(hass)
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        for stream_id, subentry in stream_subentries(entry).items():
            device = devices.async_get_device_by_identifier((DOMAIN, subentry.subentry_id), entry.entry_id)
            if wanted and (device is None or device.id not in wanted):
                continue
            if user is None or is_permitted(hass, user, subentry, POLICY_READ):
                found[entry].add(stream_id)
                named |= set() if device is None else {device.id}
    if wanted - named or not found:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_such_camera")
    return found


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


def _title(entry: WallflowerConfigEntry, stream_id: str) -> str:
    return stream_subentries(entry)[stream_id].title
