"""What dashboards ask once and are answered at once."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
import json
from typing import TYPE_CHECKING, Any

from homeassistant.components.websocket_api.const import ERR_INVALID_FORMAT

from .action_fields import (
    ATTR_LIMIT,
    ATTR_MINUTES,
    ATTR_QUERY,
    FORGET_FIELDS,
    LIMIT_FIELDS,
    RANGE_FIELDS,
    REPLAY_FIELDS,
    TEXT,
    range_of,
)
from .dashboard_messages import camera_message, found_message, keyword_message
from .dashboard_request import CAMERA_FIELDS, ONE_CAMERA_FIELDS, Message, RefusedError, Request
from .house_archive import async_forget, async_hits, async_purge, async_replay, async_search, rule_to_try

if TYPE_CHECKING:
    # What Home Assistant serves under the other name.
    import probatio as vol
else:
    import voluptuous as vol

ATTR_CURSOR = "cursor"
ATTR_PAUSED = "paused"

type Command = Callable[[Request], Awaitable[Any]]


async def async_streams(request: Request) -> list[Message]:
    """List the cameras, each with its state."""
    return [camera_message(request.hass, each, each.coordinator) for each in request.known()]


async def async_search_transcripts(request: Request) -> Message:
    """Find sentences, best first, or list them, newest first."""
    begin, end = range_of(request.fields)
    cursor = request.fields.get(ATTR_CURSOR)
    cameras = request.answering()
    found = await async_search(
        cameras,
        request.fields.get(ATTR_QUERY),
        begin=begin,
        end=end,
        limit=request.fields[ATTR_LIMIT],
        cursors=None if cursor is None else _cursors(cursor),
    )
    return {
        "segments": [found_message(each.camera, each.segment) for each in found.said],
        "next": _cursor(found.following) if found.following else None,
        "missing": request.missing(cameras),
    }


async def async_list_keywords(request: Request) -> Message:
    """List what keyword rules found, newest first."""
    begin, end = range_of(request.fields)
    cameras = request.answering()
    fired = await async_hits(cameras, begin=begin, end=end, limit=request.fields[ATTR_LIMIT])
    return {"hits": [keyword_message(each.camera, each.hit) for each in fired], "missing": request.missing(cameras)}


async def async_replay_rule(request: Request) -> Message:
    """Try a rule on what was said."""
    begin, end = range_of(request.fields)
    cameras = request.answering()
    count, fired = await async_replay(cameras, rule_to_try(request.fields), begin=begin, end=end)
    hits = [keyword_message(each.camera, each.hit) for each in fired]
    return {"count": count, "hits": hits, "missing": request.missing(cameras)}


async def async_forget_last(request: Request) -> Message:
    """Forget the last minutes of a camera."""
    deleted, recordings = await async_forget([request.controlled()], request.fields[ATTR_MINUTES])
    return {"deleted": deleted, "recordings": recordings}


async def async_purge_transcripts(request: Request) -> Message:
    """Delete for good what was said, all of it or that of a time."""
    request.require_admin()
    begin, end = range_of(request.fields)
    cameras = request.answering()
    return {"deleted": await async_purge(cameras, begin=begin, end=end), "missing": request.missing(cameras)}


async def async_pause(request: Request) -> Message:
    """Write down no more what a camera hears, or go on."""
    camera = request.controlled()
    coordinator = camera.entry.runtime_data
    changes = {"transcribe": not request.fields[ATTR_PAUSED]}
    coordinator.async_set_stream(await coordinator.client.patch_stream(camera.stream_id, changes))
    return camera_message(request.hass, camera, coordinator)


async def async_retry(request: Request) -> None:
    """Try a camera again now."""
    camera = request.controlled()
    await camera.client.restart_stream(camera.stream_id)


def _cursor(following: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(following).encode()).decode()


def _cursors(cursor: str) -> dict[str, str]:
    """Read what `_cursor` writes; raises RefusedError for anything else."""
    try:
        read = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        if isinstance(read, dict) and all(isinstance(each, str) for each in read.values()):
            return read
    except binascii.Error, ValueError, RecursionError:
        pass  # the same answer as for a cursor of another shape
    raise RefusedError(ERR_INVALID_FORMAT, "Wrong: cursor.") from None


COMMANDS: dict[str, tuple[Command, dict[vol.Marker, object]]] = {
    "streams": (async_streams, {}),
    "transcript/search": (
        async_search_transcripts,
        {
            **CAMERA_FIELDS,
            **RANGE_FIELDS,
            **LIMIT_FIELDS,
            vol.Optional(ATTR_QUERY): TEXT,
            vol.Optional(ATTR_CURSOR): str,
        },
    ),
    "keywords/list": (async_list_keywords, {**CAMERA_FIELDS, **RANGE_FIELDS, **LIMIT_FIELDS}),
    "rules/replay": (async_replay_rule, {**CAMERA_FIELDS, **REPLAY_FIELDS}),
    "forget": (async_forget_last, {**ONE_CAMERA_FIELDS, **FORGET_FIELDS}),
    "purge": (async_purge_transcripts, {**CAMERA_FIELDS, **RANGE_FIELDS}),
    "pause": (async_pause, {**ONE_CAMERA_FIELDS, vol.Required(ATTR_PAUSED): bool}),
    "retry": (async_retry, ONE_CAMERA_FIELDS),
}
