"""The folders and films of the media browser: where each stands, and how it looks."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
import re
from typing import Self, override

from homeassistant.components.media_player.const import MediaClass, MediaType
from homeassistant.components.media_source import BrowseMediaSource
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .films import MP4, Film
from .heard import Recording, Segment
from .targets import TargetedCamera

# A sentence is played with what was just before and after it.
AROUND = timedelta(seconds=5)

_PLACE = re.compile(r"([^/]+)/([^/]+)(?:/((?:19|20)\d\d-\d\d-\d\d)(?:/([01]?\d|2[0-3]))?)?", re.ASCII)


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
        """The time of its day, or of its hour: two hours by the clock that is set back in the middle of it."""
        if self.day is None:
            return None
        if self.hour is None:
            return _clock(self.day, 0), _clock(self.day, 24)
        return _clock(self.day, self.hour), _clock(self.day, self.hour + 1)


def _clock(day: date, hour: int) -> datetime:
    """Return when the clock on the wall of the house first shows a full hour."""
    days, hour = divmod(hour, 24)
    return datetime.combine(day + timedelta(days=days), time(hour), dt_util.get_default_time_zone())


def place_of(camera: TargetedCamera) -> Place:
    """Return a camera's folder."""
    return Place(camera.entry.entry_id, camera.subentry.subentry_id)


def folder(
    place: Place,
    title: str,
    children: list[BrowseMediaSource] | None = None,
    media_class: MediaClass = MediaClass.DIRECTORY,
) -> BrowseMediaSource:
    """Make a folder; its children are given where it is opened."""
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=str(place) or None,
        media_class=media_class,
        media_content_type=MediaType.VIDEO,
        title=title,
        can_play=False,
        can_expand=True,
        can_search=True,
        children=children,
        children_media_class=MediaClass.VIDEO,
    )


def kept(camera: TargetedCamera, recording: Recording) -> BrowseMediaSource:
    """Show a recording by its time."""
    begin, end = dt_util.as_local(recording.start), dt_util.as_local(recording.end)
    return _film(camera, Film(recording.start, id=recording.id), f"{begin:%H:%M:%S} – {end:%H:%M:%S}")


def sentence(camera: TargetedCamera, segment: Segment) -> BrowseMediaSource:
    """Show a sentence, to be cut out of the recordings."""
    film = Film(segment.start - AROUND, segment.end + AROUND)
    return _film(camera, film, f"{dt_util.as_local(segment.start):%H:%M:%S} {segment.text}")


def _film(camera: TargetedCamera, film: Film, title: str) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=f"{place_of(camera)}/{film}",
        media_class=MediaClass.VIDEO,
        media_content_type=MP4,
        title=title,
        can_play=True,
        can_expand=False,
    )
