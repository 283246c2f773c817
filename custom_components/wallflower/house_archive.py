"""The archives of several hubs as one: each is asked for its cameras, and the answers are merged."""

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
class _HubArchive:
    archive: Archive
    cameras: Mapping[str, TargetedCamera]


async def async_search(
    cameras: Iterable[TargetedCamera], query: str, *, begin: datetime | None, end: datetime | None, limit: int
) -> tuple[list[Said], bool]:
    """Find sentences, best first, and whether there are more than `limit`.

    No hub's sentences can be held against another's, so they take turns.
    """
    found: list[list[Said]] = []
    more = False
    for hub in _by_hub(cameras):
        segments, truncated = await hub.archive.search(query, hub.cameras.keys(), begin=begin, end=end, limit=limit)
        found.append([Said(hub.cameras[each.stream], each) for each in segments])
        more |= truncated
    merged = [each for each in chain.from_iterable(zip_longest(*found)) if each is not None]
    return merged[:limit], more or len(merged) > limit


async def async_recent(cameras: Iterable[TargetedCamera], *, begin: datetime, limit: int) -> list[Said]:
    """Return the newest sentences since a time, newest first."""
    found: list[Said] = []
    for hub in _by_hub(cameras):
        segments, _ = await hub.archive.search(None, hub.cameras.keys(), begin=begin, end=None, limit=limit)
        found += [Said(hub.cameras[each.stream], each) for each in segments]
    return sorted(found, key=lambda each: each.segment.start, reverse=True)[:limit]


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


def _by_hub(cameras: Iterable[TargetedCamera]) -> list[_HubArchive]:
    """Sort cameras by hub; whoever asks holds the archives from the start, as a hub may be unloaded meanwhile."""
    hubs: dict[str, dict[str, TargetedCamera]] = {}
    for each in cameras:
        hubs.setdefault(each.entry.entry_id, {})[each.stream_id] = each
    return [_HubArchive(next(iter(of_hub.values())).client.archive, of_hub) for of_hub in hubs.values()]


def _each(cameras: Sequence[TargetedCamera]) -> list[tuple[TargetedCamera, Archive]]:
    return [(camera, camera.client.archive) for camera in cameras]
