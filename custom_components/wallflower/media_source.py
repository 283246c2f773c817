"""What was recorded, in the media browser: by camera and day, with what was said; found by words."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
import re
from typing import Self, override

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.media_player.browse_media import SearchMedia, SearchMediaQuery
from homeassistant.components.media_player.const import MediaClass, MediaType
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.components.websocket_api.connection import current_connection
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import WallflowerConfigEntry
from .exceptions import WallflowerError
from .films import FILM_URL, Film
from .heard import Recording, Segment
from .permissions import is_permitted
from .reconcile import stream_subentries

MP4 = "video/mp4"
MAX_DAYS = 60
MAX_FOUND = 50
# A sentence is played with what was just before and after it.
AROUND = timedelta(seconds=5)

_PLACE = re.compile(r"([^/]+)/([^/]+)(?:/((?:19|20)\d\d-\d\d-\d\d)(?:/([01]?\d|2[0-3]))?)?", re.ASCII)


async def async_get_media_source(hass: HomeAssistant) -> WallflowerMediaSource:
    """Offer the recordings of all sidecars."""
    return WallflowerMediaSource(hass)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder: all cameras, a camera, its day, or an hour of that."""

    entry_id: str | None = None
    subentry_id: str | None = None
    day: date | None = None
    hour: int | None = None

    @classmethod
    def parse(cls, identifier: str) -> Self:
        """Read what `str` writes; raises ValueError for anything else."""
        if not identifier:
            return cls()
        if (found := _PLACE.fullmatch(identifier)) is None:
            raise ValueError(identifier)
        entry_id, subentry_id, day, hour = found.groups()
        return cls(entry_id, subentry_id, date.fromisoformat(day) if day else None, int(hour) if hour else None)

    @override
    def __str__(self) -> str:
        parts = (self.entry_id, self.subentry_id, self.day and self.day.isoformat(), self.hour)
        return "/".join(str(part) for part in parts if part is not None)

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """The time of its day or hour."""
        if self.day is None:
            return None
        begin = datetime.combine(self.day, time(self.hour or 0), dt_util.get_default_time_zone())
        if self.hour is None:
            return begin, datetime.combine(self.day + timedelta(days=1), time(), begin.tzinfo)
        return begin, dt_util.as_local(dt_util.as_utc(begin) + timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class _Camera:
    """A camera that whoever asks may see."""

    entry: WallflowerConfigEntry
    subentry: ConfigSubentry

    @property
    def place(self) -> Place:
        return Place(self.entry.entry_id, self.subentry.subentry_id)

    @property
    def stream_id(self) -> str:
        return str(self.subentry.unique_id)

    async def recordings(self, begin: datetime, end: datetime) -> list[Recording]:
        return await self.entry.runtime_data.client.archive.recordings(self.stream_id, begin=begin, end=end)

    async def newest_before(self, end: datetime) -> Recording | None:
        archive = self.entry.runtime_data.client.archive
        return next(iter(await archive.recordings(self.stream_id, end=end, limit=1)), None)

    async def said(self, begin: datetime, end: datetime) -> list[Segment]:
        return await self.entry.runtime_data.client.archive.segments(self.stream_id, begin=begin, end=end)


class WallflowerMediaSource(MediaSource):
    """Recordings are played from the sidecar through Home Assistant."""

    name = "Wallflower"

    def __init__(self, hass: HomeAssistant) -> None:
        """Serve every hub."""
        super().__init__(DOMAIN)
        self.hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return where a film is played from."""
        place, _, name = item.identifier.rpartition("/")
        try:
            camera = self._camera(Place.parse(place))
        except (BrowseError, ValueError) as error:
            raise Unresolvable(translation_domain=DOMAIN, translation_key="no_such_film") from error
        if (film := Film.parse(name)) is None:
            raise Unresolvable(translation_domain=DOMAIN, translation_key="no_such_film")
        return PlayMedia(f"{FILM_URL}/{camera.place}/{film}", MP4)

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Show a folder."""
        try:
            place = Place.parse(item.identifier)
        except ValueError as error:
            raise BrowseError(translation_domain=DOMAIN, translation_key="no_such_folder") from error
        if place.entry_id is None:
            folder = _folder(place, self.name or DOMAIN, MediaClass.APP)
            folder.children = [_folder(camera.place, camera.subentry.title) for camera in self._cameras()]
            return folder
        camera = self._camera(place)
        try:
            return await self._browse(camera, place)
        except WallflowerError as error:
            raise BrowseError(translation_domain=DOMAIN, translation_key="sidecar_away") from error

    @override
    async def async_search_media(self, item: MediaSourceItem, query: SearchMediaQuery) -> SearchMedia:
        """Find sentences that can be played, best first."""
        try:
            place = Place.parse(item.identifier)
        except ValueError as error:
            raise BrowseError(translation_domain=DOMAIN, translation_key="no_such_folder") from error
        cameras = self._cameras() if place.entry_id is None else [self._camera(place)]
        try:
            found = await asyncio.gather(*(self._search(camera, place, query.search_query) for camera in cameras))
        except WallflowerError as error:
            raise BrowseError(translation_domain=DOMAIN, translation_key="sidecar_away") from error
        return SearchMedia(result=[each for of_camera in found for each in of_camera][:MAX_FOUND])

    def _cameras(self) -> list[_Camera]:
        connection = current_connection.get()
        return [
            _Camera(entry, subentry)
            for entry in self.hass.config_entries.async_loaded_entries(DOMAIN)
            for subentry in stream_subentries(entry).values()
            if connection is None or is_permitted(self.hass, connection.user, subentry, POLICY_READ)
        ]

    def _camera(self, place: Place) -> _Camera:
        for camera in self._cameras():
            if (camera.place.entry_id, camera.place.subentry_id) == (place.entry_id, place.subentry_id):
                return camera
        raise BrowseError(translation_domain=DOMAIN, translation_key="no_such_folder")

    async def _browse(self, camera: _Camera, place: Place) -> BrowseMediaSource:
        if place.span is None:
            folder = _folder(place, camera.subentry.title)
            folder.children = [_folder(each, str(each.day)) async for each in _days(camera)]
            return folder
        begin, end = place.span
        recorded = await camera.recordings(begin, end)
        files = [each for each in reversed(recorded) if each.kind == "segment"]
        if place.hour is not None:
            folder = _folder(place, f"{begin:%H:%M}")
            folder.children = [_kept(camera, each) for each in files]
            return folder
        folder = _folder(place, str(place.day))
        hours = sorted({dt_util.as_local(max(each.start, begin)).hour for each in files})
        folder.children = [
            *(_folder(replace(place, hour=hour), f"{hour:02}:00") for hour in hours),
            *(_kept(camera, each) for each in reversed(recorded) if each.kind == "clip"),
            *(_sentence(camera, each) for each in reversed(await camera.said(begin, end)) if _is_in(each, recorded)),
        ]
        return folder

    async def _search(self, camera: _Camera, place: Place, words: str) -> Iterable[BrowseMediaSource]:
        begin, end = place.span or (None, None)
        archive = camera.entry.runtime_data.client.archive
        found = await archive.segments(camera.stream_id, query=words, begin=begin, end=end, limit=MAX_FOUND)
        recorded = await asyncio.gather(*(camera.recordings(each.start, each.end) for each in found))
        return (_sentence(camera, each) for each, films in zip(found, recorded, strict=True) if films)


async def _days(camera: _Camera) -> AsyncGenerator[Place]:
    """Find the days that have recordings, newest first; one request each."""
    before = dt_util.now() + timedelta(days=1)
    for _ in range(MAX_DAYS):
        if (newest := await camera.newest_before(before)) is None:
            return
        # A file that goes over midnight belongs to both days.
        last = dt_util.as_local(min(newest.end, before) - timedelta(microseconds=1))
        yield replace(camera.place, day=last.date())
        before = dt_util.start_of_local_day(last)


def _is_in(segment: Segment, recorded: Iterable[Recording]) -> bool:
    return any(each.start < segment.end and segment.start < each.end for each in recorded)


def _folder(place: Place, title: str, media_class: MediaClass = MediaClass.DIRECTORY) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=str(place) or None,
        media_class=media_class,
        media_content_type=MediaType.VIDEO,
        title=title,
        can_play=False,
        can_expand=True,
        can_search=True,
        children_media_class=MediaClass.VIDEO,
    )


def _kept(camera: _Camera, recording: Recording) -> BrowseMediaSource:
    begin, end = dt_util.as_local(recording.start), dt_util.as_local(recording.end)
    return _film(camera, Film(recording.start, id=recording.id), f"{begin:%H:%M:%S} – {end:%H:%M:%S}")


def _sentence(camera: _Camera, segment: Segment) -> BrowseMediaSource:
    film = Film(segment.start - AROUND, segment.end + AROUND)
    return _film(camera, film, f"{dt_util.as_local(segment.start):%H:%M:%S} {segment.text}")


def _film(camera: _Camera, film: Film, title: str) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=f"{camera.place}/{film}",
        media_class=MediaClass.VIDEO,
        media_content_type=MP4,
        title=title,
        can_play=True,
        can_expand=False,
    )
