"""The archives of all hubs as one: each is asked for its cameras, and the answers are merged.

Each of these raises WallflowerError.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain, zip_longest
from typing import Any

from .action_fields import ATTR_MATCH, ATTR_NOT, ATTR_PHRASES, ATTR_THRESHOLD
from .archive import Archive
from .exceptions import NotFoundError
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
    streams: Collection[str]


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
        search = partial(
            hub.archive.search, query, begin=begin, end=end, limit=limit, cursor=(cursors or {}).get(hub.entry_id)
        )
        try:
            segments, cursor = await search(hub.cameras)
        except NotFoundError:
            # A camera that its sidecar never had has heard nothing; which one it is nobody says.
            if not (known := hub.cameras.keys() & hub.streams):
                continue
            segments, cursor = await search(sorted(known))
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
    cameras: Iterable[TargetedCamera], *, begin: datetime | None, end: datetime | None, limit: int
) -> list[Fired]:
    """Return what rules found, newest first."""
    found = await _of_each(cameras, lambda archive, stream: archive.hits(stream, begin=begin, end=end, limit=limit))
    fired = [Fired(camera, hit) for camera, hits in found for hit in hits]
    return sorted(fired, key=lambda each: each.hit.start, reverse=True)[:limit]


def rule_to_try(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rule that is described by the fields of a request."""
    names = (ATTR_PHRASES, ATTR_MATCH, ATTR_THRESHOLD, ATTR_NOT)
    return {"id": "replay", **{name: fields[name] for name in names if name in fields}}


async def async_replay(
    cameras: Iterable[TargetedCamera], rule: Mapping[str, Any], *, begin: datetime | None, end: datetime | None
) -> tuple[int, list[Fired]]:
    """Try a rule on what was said: how often it would have fired, and its newest hits on each camera."""
    tried = await _of_each(cameras, lambda archive, stream: archive.replay(rule, stream, begin=begin, end=end))
    fired = [Fired(camera, hit) for camera, (_, hits) in tried for hit in hits]
    return sum(count for _, (count, _) in tried), fired


async def async_purge(cameras: Iterable[TargetedCamera], *, begin: datetime | None, end: datetime | None) -> int:
    """Delete what was said, in a time or ever; returns how many sentences."""
    purged = await _of_each(cameras, lambda archive, stream: archive.purge(stream, begin=begin, end=end))
    return sum(deleted for _, deleted in purged)


async def async_forget(cameras: Iterable[TargetedCamera], minutes: float) -> tuple[int, int]:
    """Forget the last minutes of these cameras; returns how many sentences and recordings."""
    forgot = await _of_each(cameras, lambda archive, stream: archive.forget(minutes, stream))
    return _total([each for _, each in forgot])


async def async_forget_house(cameras: Iterable[TargetedCamera], minutes: float) -> tuple[int, int]:
    """Forget the last minutes of all that the hubs of these cameras hear; returns how many of each."""
    return _total([await hub.archive.forget(minutes, None) for hub in _by_hub(cameras)])


def _total(forgot: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(deleted for deleted, _ in forgot), sum(recordings for _, recordings in forgot)


def _by_hub(cameras: Iterable[TargetedCamera]) -> list[_Hub]:
    """Sort cameras by hub; whoever asks holds the archives from the start, as a hub may be unloaded meanwhile."""
    hubs: dict[str, _Hub] = {}
    for each in cameras:
        entry = each.entry
        hub = hubs.setdefault(
            entry.entry_id, _Hub(entry.entry_id, each.client.archive, {}, entry.runtime_data.data.streams)
        )
        hub.cameras[each.stream_id] = each
    return list(hubs.values())


async def _of_each[T](
    cameras: Iterable[TargetedCamera], ask: Callable[[Archive, str], Awaitable[T]]
) -> list[tuple[TargetedCamera, T]]:
    """Ask for one camera after the other; one that its sidecar does not have has heard nothing."""
    answers: list[tuple[TargetedCamera, T]] = []
    for camera, archive in [(each, each.client.archive) for each in cameras]:
        with suppress(NotFoundError):
            answers.append((camera, await ask(archive, camera.stream_id)))
    return answers
