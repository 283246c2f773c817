"""Faults of everything: a killed worker, engine or sidecar, and a full disk."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
import os
from pathlib import Path
import random
import time
from typing import Any

import aiohttp

from tests.support.children import children_running

from .soak_household import Household
from .soak_ledger import ENGINE, Ledger, Outcome, Window, disk_of
from .soak_watch import DISK_CODES, Watch, first, told

WORKER = "wallflower_sidecar.capture.worker"
WORKER_DIED = frozenset({"worker_died"})
ENGINE_MODULE = "wallflower_sidecar.speech.embedded"
BACK_AFTER_WORKER_S = 5.0
BACK_AFTER_SIDECAR_S = 10.0
ENGINE_BACK_S = 30.0
DISK_SEEN_S = 10.0
DISK_FULL_S = 15.0
FILL_EVERY_S = 0.3
DISK_BACK_S = 40.0
PATIENCE_S = 60.0
MINUTES_A_ROUND = 15.0
MOST_ROUNDS = 4


class Upheavals:
    """Provokes them in the first part of a run, so that what follows shows whether all is well for long."""

    def __init__(self, household: Household, watch: Watch, ledger: Ledger, recorded: Sequence[str]) -> None:
        """`recorded` are the streams that write to the disk."""
        self.closing = asyncio.Event()
        self._household = household
        self._watch = watch
        self._ledger = ledger
        self._recorded = tuple(recorded)

    async def run(self, minutes: float) -> None:
        """Go through each of them, in random order, more often in a longer run; the last begins at half of it."""
        chance = random.Random(f"{self._ledger.seed} upheavals")
        rounds = max(1, min(MOST_ROUNDS, int(minutes / MINUTES_A_ROUND)))
        kinds: list[Callable[[], Awaitable[None]]] = []
        for _ in range(rounds):
            kinds += chance.sample([self.kill_worker, self.kill_engine, self.kill_sidecar, self.fill_disk], 4)
        step_s = minutes * 60 * 0.5 / len(kinds)
        for upheaval in kinds:
            await self._rest(step_s)
            if self.closing.is_set():
                return
            await upheaval()

    async def kill_worker(self) -> None:
        """Kill -9 of the capture worker: every camera is back within 5 s."""
        window, outcome = self._begin("kill worker")
        well = self._well()
        self._kill(WORKER)
        seen = await self._watch.until(lambda: self._first(well, window.begin, WORKER_DIED), window.begin + 7)
        outcome.seen_s = outcome.named_s = None if seen is None else seen - window.begin
        if seen is None and well:
            self._ledger.violated(
                "a fault is seen within 7 s", "no stream said worker_died", fault="kill worker", since=window.begin
            )
        await self._all_back(well, window, outcome, BACK_AFTER_WORKER_S)

    async def kill_engine(self) -> None:
        """Kill -9 of the engine: transcription is back by itself, and no sentence is lost by it."""
        outcome = self._note("kill engine")
        window = self._ledger.open_window(ENGINE, "kill engine")
        self._kill(ENGINE_MODULE)
        states: set[str] = set()
        try:
            while time.time() < window.begin + ENGINE_BACK_S:
                states = {stream["status"]["transcription"]["state"] for stream in await self._streams()}
                if "unavailable" in states and outcome.seen_s is None:
                    outcome.seen_s = outcome.named_s = time.time() - window.begin
                if (outcome.seen_s is not None or time.time() > window.begin + 3) and states == {"ok"}:
                    outcome.recovered_s = time.time() - window.begin
                    break
                await asyncio.sleep(0.1)
        finally:
            window.end = time.time()
        for rule, at in (
            ("a fault is seen within 7 s", outcome.seen_s),
            (f"the engine is back within {ENGINE_BACK_S:.0f} s", outcome.recovered_s),
        ):
            if at is None:
                self._ledger.violated(rule, f"transcription {sorted(states)}", fault="kill engine", since=window.begin)

    async def kill_sidecar(self) -> None:
        """Kill -9 of the sidecar itself, which is started again: every camera is back.

        What it had not yet turned into text is lost: as much as its lag tells.
        """
        window, outcome = self._begin("kill sidecar")
        window.before_s += await self._lag_s()
        well = self._well()
        try:
            await self._household.crash()
            await self._household.server()
        except BaseException:
            window.end = time.time()
            raise
        outcome.seen_s = time.time() - window.begin
        await self._all_back(well, window, outcome, outcome.seen_s + BACK_AFTER_SIDECAR_S)

    async def fill_disk(self) -> None:
        """Fill the recordings' disk for a while: recording pauses and says so, listening goes on."""
        if not (self._household.has_disk and self._recorded):
            return
        windows = [self._ledger.open_window(disk_of(stream), "disk full") for stream in self._recorded]
        well = [stream for stream in self._recorded if stream in self._well()]
        outcome = Outcome("disk full", " ".join(self._recorded), windows[0].begin)
        self._ledger.outcomes.append(outcome)
        ballast = self._household.recordings / "ballast"
        began = time.time()
        filling = asyncio.create_task(_keep_full(ballast), name="ballast")
        try:
            seen = await self._watch.until(lambda: self._first(self._recorded, began, DISK_CODES), began + DISK_SEEN_S)
            outcome.seen_s = outcome.named_s = None if seen is None else seen - began
            if seen is None and any(self._ledger.spared(stream, began, time.time()) for stream in well):
                self._ledger.violated("a full disk is seen", self._told(began), fault="disk full", since=began)
            await self._rest(DISK_FULL_S)
        finally:
            filling.cancel()
            await asyncio.gather(filling, return_exceptions=True)
            ballast.unlink(missing_ok=True)
        freed = time.time()
        back = await self._watch.until(self._none_says_so, freed + DISK_BACK_S)
        if back is None:
            self._ledger.violated(
                "recording goes on once there is room", self._told(freed), fault="disk full", since=freed
            )
        else:
            outcome.recovered_s = time.time() - freed
        for each in windows:
            each.end = time.time()

    def _begin(self, kind: str) -> tuple[Window, Outcome]:
        return self._ledger.open_window(None, kind), self._note(kind)

    def _note(self, kind: str) -> Outcome:
        outcome = Outcome(kind, "all", time.time())
        self._ledger.outcomes.append(outcome)
        return outcome

    async def _lag_s(self) -> float:
        return max((stream["status"]["transcription"]["lag_s"] for stream in await self._streams()), default=0.0)

    def _well(self) -> list[str]:
        """The streams that stream, whose camera is well."""
        now = time.time()
        return [
            stream
            for stream in self._household.cameras
            if (seen := self._watch.latest(stream)) is not None
            and seen.is_well
            and not any(each.touches(now, now) for each in self._ledger.windows[stream])
        ]

    def _kill(self, module: str) -> None:
        pids = [each.pid for each in children_running(module, self._household.pid)]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        if not pids:
            self._ledger.note(f"There was no {module} to be killed.")

    async def _all_back(self, well: Sequence[str], window: Window, outcome: Outcome, within_s: float) -> None:
        """Wait until the streams that were well stream again, but for those that meet a fault of their own."""
        left = set(well)

        def nobody_left() -> bool | None:
            for stream in tuple(left):
                if any(each.end > window.begin for each in self._ledger.windows[stream][-2:]):
                    left.discard(stream)  # a fault of its own has come
                since = self._watch.since(stream, window.begin)
                if stream in left and len(since) > 1 and since[-1].is_well:
                    left.discard(stream)
                    outcome.recovered_s = max(outcome.recovered_s or 0.0, since[-1].at - window.begin)
            return True if not left else None

        try:
            if await self._watch.until(nobody_left, window.begin + within_s) is None:
                late = [f"{each} {told(self._watch.since(each, window.begin), window.begin)}" for each in sorted(left)]
                self._ledger.violated(
                    f"all streams are back within {within_s:.0f} s",
                    "; ".join(late),
                    fault=outcome.kind,
                    since=window.begin,
                )
                await self._watch.until(nobody_left, window.begin + within_s + PATIENCE_S)
        finally:
            window.end = time.time()

    def _first(self, streams: Sequence[str], since: float, codes: frozenset[str]) -> float | None:
        return min(filter(None, (first(self._watch.since(name, since), codes) for name in streams)), default=None)

    def _none_says_so(self) -> bool | None:
        latest = [self._watch.latest(stream) for stream in self._recorded]
        return True if all(each is not None and each.code not in DISK_CODES for each in latest) else None

    def _told(self, since: float) -> str:
        return "; ".join(f"{stream} {told(self._watch.since(stream, since), since)}" for stream in self._recorded)

    async def _streams(self) -> list[dict[str, Any]]:
        try:
            answer = await (await self._household.server()).request("GET", "/streams")
        except aiohttp.ClientError, TimeoutError, AssertionError:
            return []
        return list(answer["items"])

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.closing.wait()


async def _keep_full(ballast: Path) -> None:
    """Take all room, also what is made by removing old recordings."""
    while True:
        await asyncio.to_thread(_fill, ballast)
        await asyncio.sleep(FILL_EVERY_S)


def _fill(ballast: Path) -> None:
    """Take all the room that is left."""
    for size in (1 << 20, 1 << 12):
        with ballast.open("ab", buffering=0) as file, suppress(OSError):
            while file.write(b"\0" * size) == size:
                pass
