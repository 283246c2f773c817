"""What the sidecar has for the media browser: the contents of a folder, and sentences that can be played."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from homeassistant.components.media_source import BrowseMediaSource
from homeassistant.util import dt as dt_util

from .heard import Recording, Segment
from .house_archive import async_search
from .media_items import Place, folder, kept, place_of, sentence
from .targets import TargetedCamera

MAX_DAYS = 60
MAX_FOUND = 50


async def async_open(camera: TargetedCamera, place: Place) -> BrowseMediaSource:
    """Return the folder of a camera, a day or an hour; raises WallflowerError."""
    if (span := place.span) is None:
        return folder(place, camera.subentry.title, [folder(each, str(each.day)) async for each in _days(camera)])
    begin, end = span
    recorded = await camera.client.archive.recordings(camera.stream_id, begin=begin, end=end)
    files = [each for each in reversed(recorded) if each.kind == "segment"]
    if place.hour is not None:
        return folder(place, f"{place.hour:02}:00", [kept(camera, each) for each in files])
    hours = sorted({dt_util.as_local(max(each.start, begin)).hour for each in files})
    said = await camera.client.archive.segments(camera.stream_id, begin=begin, end=end)
    return folder(
        place,
        str(place.day),
        [
            *(folder(replace(place, hour=hour), f"{hour:02}:00") for hour in hours),
            *(kept(camera, each) for each in reversed(recorded) if each.kind == "clip"),
            *(sentence(camera, each) for each in reversed(said) if _is_in(each, recorded)),
        ],
    )


async def async_find(cameras: Sequence[TargetedCamera], place: Place, words: str) -> list[BrowseMediaSource]:
    """Find sentences that can be played, best first; raises WallflowerError."""
    begin, end = place.span or (None, None)
    newest = await asyncio.gather(*(_newest(each, begin, end) for each in cameras))
    filmed = [each for each, recording in zip(cameras, newest, strict=True) if recording]
    said = (await async_search(filmed, words, begin=begin, end=end, limit=MAX_FOUND)).said[:MAX_FOUND]
    films = await asyncio.gather(*(_newest(each.camera, each.segment.start, each.segment.end) for each in said))
    return [sentence(each.camera, each.segment) for each, film in zip(said, films, strict=True) if film]


async def _days(camera: TargetedCamera) -> AsyncGenerator[Place]:
    """Find the days that have recordings, newest first; one request each."""
    before = dt_util.now() + timedelta(days=1)
    for _ in range(MAX_DAYS):
        if (newest := await _newest(camera, None, before)) is None:
            return
        # A file that goes over midnight belongs to both days.
        last = dt_util.as_local(min(newest.end, before) - timedelta(microseconds=1))
        yield replace(place_of(camera), day=last.date())
        before = dt_util.start_of_local_day(last)


async def _newest(camera: TargetedCamera, begin: datetime | None, end: datetime | None) -> Recording | None:
    """Return the newest recording that has something of a time."""
    found = await camera.client.archive.recordings(camera.stream_id, begin=begin, end=end, limit=1)
    return next(iter(found), None)


def _is_in(segment: Segment, recorded: Iterable[Recording]) -> bool:
    return any(each.start < segment.end and segment.start < each.end for each in recorded)
