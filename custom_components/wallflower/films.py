"""Films of cameras over Home Assistant's own HTTP server, for those who may see the camera."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import re
from typing import Any, Self, override

from aiohttp import hdrs, web
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from .archive import Archive
from .const import DOMAIN
from .coordinator import WallflowerConfigEntry
from .exceptions import RequestRefusedError, WallflowerError
from .permissions import is_permitted

FILM_URL = "/api/wallflower/film"
MP4 = "video/mp4"

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CUT = re.compile(r"(\d{1,14})-(\d{1,14})", re.ASCII)
_KEPT = re.compile(r"(\d{1,14})\.([0-9a-f-]{36})", re.ASCII)
_ASKED = (str(hdrs.RANGE), str(hdrs.IF_RANGE))
_ANSWERED = (
    hdrs.CONTENT_TYPE,
    hdrs.CONTENT_LENGTH,
    hdrs.CONTENT_RANGE,
    hdrs.CONTENT_DISPOSITION,
    hdrs.ACCEPT_RANGES,
    hdrs.ETAG,
    hdrs.LAST_MODIFIED,
)
_PASSED_ON = {HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}


@dataclass(frozen=True, slots=True)
class Film:
    """What to play of one camera: a recording that is kept (`id`), or a time to be cut out (`end`)."""

    start: datetime
    end: datetime | None = None
    id: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what `str` writes; None for anything else."""
        if found := _CUT.fullmatch(text):
            return cls(_moment(found[1]), _moment(found[2]))
        if found := _KEPT.fullmatch(text):
            return cls(_moment(found[1]), id=found[2])
        return None

    @override
    def __str__(self) -> str:
        begin = (self.start - _EPOCH) // _MILLISECOND
        return f"{begin}.{self.id}" if self.end is None else f"{begin}-{(self.end - _EPOCH) // _MILLISECOND}"

    async def source(self, archive: Archive, stream_id: str) -> tuple[str, dict[str, str]] | None:
        """Return the sidecar's path and parameters for it; None if the stream has no such recording."""
        if self.end is not None:
            times = {"from": self.start.isoformat(), "to": self.end.isoformat()}
            return "clips", {"stream": stream_id, **times}
        there = await archive.recordings(stream_id, begin=self.start, end=self.start + _MILLISECOND)
        return (f"recordings/{self.id}", {}) if any(each.id == self.id for each in there) else None


class FilmView(HomeAssistantView):
    """Hands a film through from the sidecar, in whole or in part; a signed URL acts for the user it was made for."""

    url = f"{FILM_URL}/{{entry_id}}/{{subentry_id}}/{{film}}"
    name = "api:wallflower:film"

    async def get(self, request: web.Request, entry_id: str, subentry_id: str, film: str) -> web.StreamResponse:
        """Answer a film; 404 for what is not there or must not be seen, 502 if the sidecar is away."""
        hass = request.app[KEY_HASS]
        entry: WallflowerConfigEntry | None = hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.domain != DOMAIN or entry.state is not ConfigEntryState.LOADED:
            raise web.HTTPNotFound
        subentry, wanted = entry.subentries.get(subentry_id), Film.parse(film)
        if subentry is None or wanted is None or not is_permitted(hass, request[KEY_HASS_USER], subentry, POLICY_READ):
            raise web.HTTPNotFound
        archive = entry.runtime_data.client.archive
        try:
            source = await wanted.source(archive, str(subentry.unique_id))
            if source is None:
                raise web.HTTPNotFound
            return await _hand_through(request, archive, *source)
        except RequestRefusedError as error:
            status = error.status if error.status in _PASSED_ON else HTTPStatus.BAD_GATEWAY
            return web.Response(status=status, text=error.detail)
        except WallflowerError:
            return web.Response(status=HTTPStatus.BAD_GATEWAY)


async def _hand_through(
    request: web.Request, archive: Archive, path: str, params: dict[str, str]
) -> web.StreamResponse:
    asked = {name: request.headers[name] for name in _ASKED if name in request.headers}
    async with archive.film(path, params, asked) as answer:
        given: dict[str, Any] = {name: answer.headers[name] for name in _ANSWERED if name in answer.headers}
        response = web.StreamResponse(status=answer.status, headers=given)
        await response.prepare(request)
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
        return response


def _moment(milliseconds: str) -> datetime:
    return _EPOCH + int(milliseconds) * _MILLISECOND
