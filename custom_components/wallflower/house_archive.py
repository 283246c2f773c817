"""The archives of all hubs as one: each is asked for its cameras, and the answers are merged.

Each of these raises WallflowerError.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, zip_longest
from typing import Any

from .action_fields import ATTR_MATCH, ATTR_NOT, ATTR_PHRASES, ATTR_THRESHOLD
from .archive import Archive
from .heard import Hit, Segment
from .targets import TargetedCamera


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence and the camera that heard it."""

    camera: TargetedCamera
    segment: Segment


@dataclass(frozen=True, slots=True)
class Fired:
    """A hit and the camera that heard it."""

    camera: TargetedCamera
    hit: Hit


@dataclass(frozen=True, slots=True)
class Found:
    """A page of sentences; `following` has the cursor of each hub, by its entry's id, that has more."""

    said: list[Said]
    following: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Hub:
    entry_id: str
    archive: Archive
    cameras: dict[str, TargetedCamera]


async def async_search(
    cameras: Iterable[TargetedCamera],
    query: str | None,
    *,
    begin: datetime | None = None,
    end: datetime | None = None,
    limit: int,
    cursors: Mapping[str, str] | None = None,
) -> Found:
    """Find sentences, at most `limit` of each hub: with a query best first, without one newest first.

    With cursors it goes on where an earlier page ended.
    """
    pages: list[list[Said]] = []
    following: dict[str, str] = {}
    for hub in _by_hub(cameras):
        if cursors is not None and hub.entry_id not in cursors:
            continue
        segments, cursor = await hub.archive.search(
            query, hub.cameras, begin=begin, end=end, limit=limit, cursor=(cursors or {}).get(hub.entry_id)
        )
        pages.append([Said(hub.cameras[each.stream], each) for each in segments])
        if cursor is not None:
            following[hub.entry_id] = cursor
    return Found(_best_first(pages) if query else _newest_first(pages), following)


def _best_first(pages: Iterable[list[Said]]) -> list[Said]:
    """Merge pages in turns: no hub's sentences can be held against another's."""
    return [each for each in chain.from_iterable(zip_longest(*pages)) if each is not None]


def _newest_first(pages: Iterable[list[Said]]) -> list[Said]:
    return sorted(chain.from_iterable(pages), key=lambda each: each.segment.start, reverse=True)


async def async_hits(
    cameras: Sequence[TargetedCamera], *, begin: datetime | None, end: datetime | None, limit: int
) -> list[Fired]:
    """Return what rules found, newest first."""
    fired = [
        Fired(camera, hit)
        for camera, archive in _each(cameras)
        for hit in await archive.hits(camera.stream_id, begin=begin, end=end, limit=limit)
    ]
    return sorted(fired, key=lambda each: each.hit.start, reverse=True)[:limit]


def rule_to_try(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rule that is described by the fields of a request."""
    names = (ATTR_PHRASES, ATTR_MATCH, ATTR_THRESHOLD, ATTR_NOT)
    return {"id": "replay", **{name: fields[name] for name in names if name in fields}}


async def async_replay(
    cameras: Sequence[TargetedCamera], rule: Mapping[str, Any], *, begin: datetime | None, end: datetime | None
) -> tuple[int, list[Fired]]:
    """Try a rule on what was said: how often it would have fired, and its newest hits on each camera."""
    count = 0
    fired: list[Fired] = []
    for camera, archive in _each(cameras):
        of_camera, hits = await archive.replay(rule, camera.stream_id, begin=begin, end=end)
        count += of_camera
        fired += [Fired(camera, hit) for hit in hits]
    return count, fired


async def async_purge(cameras: Sequence[TargetedCamera], *, begin: datetime | None, end: datetime | None) -> int:
    """Delete what was said, in a time or ever; returns how many sentences."""
    return sum([await archive.purge(camera.stream_id, begin=begin, end=end) for camera, archive in _each(cameras)])


async def async_forget(cameras: Sequence[TargetedCamera], minutes: float) -> tuple[int, int]:
    """Forget the last minutes of these cameras; returns how many sentences and recordings."""
    return _total([await archive.forget(minutes, camera.stream_id) for camera, archive in _each(cameras)])


async def async_forget_house(cameras: Sequence[TargetedCamera], minutes: float) -> tuple[int, int]:
    """Forget the last minutes of all that the hubs of these cameras hear; returns how many of each."""
    return _total([await hub.archive.forget(minutes, None) for hub in _by_hub(cameras)])


def _total(forgot: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(deleted for deleted, _ in forgot), sum(recordings for _, recordings in forgot)


def _by_hub(cameras: Iterable[TargetedCamera]) -> list[_Hub]:
    """Sort cameras by hub; whoever asks holds the archives from the start, as a hub may be unloaded meanwhile.

    A camera that its sidecar refused to have is left out.
    """
    hubs: dict[str, _Hub] = {}
    for each in cameras:
        if each.stream_id in each.entry.runtime_data.data.streams:
            entry_id = each.entry.entry_id
            hub = hubs.setdefault(entry_id, _Hub(entry_id, each.client.archive, {}))
            hub.cameras[each.stream_id] = each
    return list(hubs.values())


def _each(cameras: Sequence[TargetedCamera]) -> list[tuple[TargetedCamera, Archive]]:
    return [(camera, hub.archive) for hub in _by_hub(cameras) for camera in hub.cameras.values()]
