"""The sidecar's events as a client hears them over any number of connections, and each stream's states in them."""

import asyncio
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
import json
import time
from typing import Any, NoReturn
import zlib

import aiohttp

from tests.support.sidecar import Sidecar, SidecarEvent

from .soak_ledger import Ledger

TYPES = (
    "transcript.final,keyword.detected,keyword.confirmed,keyword.retracted,speech.started,speech.ended,"
    "stream.changed,stream.removed,recording.saved,server.changed"
)
"""All but drafts, which are made only while somebody asks for them."""

RECONNECT_S = 0.3
MOST_TOLD = 10
DISK_CODES = frozenset({"disk_full", "disk_error"})
WAITING = frozenset({"backoff", "open", "auth_failed"})


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a stream's status said when it changed; times in seconds since 1970."""

    at: float
    state: str
    code: str | None
    retry_at: float | None

    def alike(self, other: Sighting) -> bool:
        """Say whether another shows the same."""
        return (self.state, self.code) == (other.state, other.code)

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return self.state == "streaming" and self.code is None

    @property
    def is_heard(self) -> bool:
        """Whether nothing is wrong but the disk."""
        return self.is_well or (self.state == "degraded" and self.code in DISK_CODES)


class Watch:
    """Reads the events, each connection from where the last one ended."""

    def __init__(self, ledger: Ledger, secrets: Iterable[str]) -> None:
        """Note violations in the ledger; `secrets` must be in no event."""
        self.last_id = 0
        self.connections = 0
        self.heard: dict[int, int] = {}
        """A checksum of each event by its id."""

        self.saved: set[int] = set()
        """The events that tell of a recording: they go when it does."""

        self.kinds: defaultdict[str, int] = defaultdict(int)
        self._ledger = ledger
        self._secrets = tuple(secrets)
        self._sightings: defaultdict[str, list[Sighting]] = defaultdict(list)
        self._news = asyncio.Event()

    async def run(self, server: Callable[[], Awaitable[Sidecar]]) -> NoReturn:
        """Follow whichever sidecar runs, for ever."""
        while True:
            try:
                async for event in (await server()).events(after=self.last_id, types=TYPES):
                    self._take(event)
            except aiohttp.ClientError, TimeoutError, AssertionError, ConnectionError:
                pass
            self.connections += 1
            await asyncio.sleep(RECONNECT_S)

    def latest(self, stream: str) -> Sighting | None:
        """The newest sighting of a stream."""
        return self._sightings[stream][-1] if self._sightings[stream] else None

    def since(self, stream: str, at: float) -> list[Sighting]:
        """The sightings of a stream since a moment, oldest first."""
        mine = self._sightings[stream]
        return mine[bisect_left(mine, at, key=_moment) :]

    def at(self, stream: str, moment: float) -> Sighting | None:
        """How a stream stood at a moment."""
        mine = self._sightings[stream]
        place = bisect_right(mine, moment, key=_moment)
        return mine[place - 1] if place else None

    async def until[T](self, found: Callable[[], T | None], deadline: float) -> T | None:
        """Return the first true value, None once the deadline (seconds since 1970) is over."""
        while True:
            self._news.clear()
            if value := found():
                return value
            left_s = deadline - time.time()
            if left_s <= 0:
                return None
            try:
                async with asyncio.timeout(min(left_s, 0.5)):
                    await self._news.wait()
            except TimeoutError:
                continue

    def _take(self, event: SidecarEvent) -> None:
        self.kinds[event.type] += 1
        if event.type == "resync":
            self._ledger.violated("no event is lost", f"a resync after {self.last_id}: {event.data}")
        if event.id is None:
            self._ledger.violated("every event asked for has an id", event.type)
            return
        if event.id <= self.last_id:
            self._ledger.violated("event ids grow", f"{event.id} ({event.type}) came after {self.last_id}")
        self.last_id = max(self.last_id, event.id)
        text = canonical(event.data)
        self.heard[event.id] = zlib.crc32(text.encode())
        if event.type == "recording.saved":
            self.saved.add(event.id)
        if any(secret in text for secret in self._secrets):
            self._ledger.violated("no password in an event", event.type)
        if event.type == "stream.changed":
            self._sightings[event.data["id"]].append(sighting(event.data["status"], time.time()))
            self._news.set()


def canonical(data: Any) -> str:
    """JSON that is the same for the same data."""
    return json.dumps(data, sort_keys=True, ensure_ascii=False)


def sighting(status: dict[str, Any], at: float) -> Sighting:
    """Read a status."""
    retry_at = status["next_retry_at"]
    return Sighting(
        at,
        status["state"],
        status["error"]["code"] if status["error"] else None,
        datetime.fromisoformat(retry_at).timestamp() if retry_at else None,
    )


def first(sightings: Iterable[Sighting], codes: frozenset[str]) -> float | None:
    """When one of these codes was first shown."""
    return next((each.at for each in sightings if each.code in codes), None)


def told(sightings: Sequence[Sighting], since: float) -> str:
    """What was shown in words, with the seconds since a moment; what did not change is told once."""
    changes = [each for before, each in pairwise((None, *sightings)) if each and not (before and before.alike(each))]
    if len(changes) > MOST_TOLD:
        changes = [*changes[: MOST_TOLD // 2], *changes[-MOST_TOLD // 2 :]]
    return " → ".join(f"{each.state}/{each.code} +{each.at - since:.1f} s" for each in changes) or "nothing"


def _moment(seen: Sighting) -> float:
    return seen.at
