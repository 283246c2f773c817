"""The seeded script: faults of single cameras, faults of everything, and somebody who looks at the pictures."""

import asyncio
from collections.abc import Sequence
import random
import time

import aiohttp

from .download import download
from .soak_faults import SEEN_WITHIN_S, Fault, dealt, words
from .soak_household import Camera, Household
from .soak_ledger import Ledger, Outcome, Window, disk_of
from .soak_recovery import deadline, retry_awaited
from .soak_watch import DISK_CODES, Sighting, Watch

CALM_S = (10.0, 30.0)
"""Between two faults of a camera."""

GIVEN_UP_S = 150.0
"""A stream that is not back so long after it should be is not waited for any longer."""

MOST_DESCRIBES = 2
"""DESCRIBE requests of one attempt: without the password, and with it."""

UNDISTURBED_S = 3.0
PICTURE_S = 15.0


class Script:
    """Provokes each camera's faults and judges what the sidecar makes of them."""

    def __init__(self, household: Household, watch: Watch, ledger: Ledger, pictured: Sequence[str]) -> None:
        """`pictured` are the streams whose picture is pulled all the time."""
        self.closing = asyncio.Event()
        self._household = household
        self._watch = watch
        self._ledger = ledger
        self._pictured = frozenset(pictured)
        self._deck = dealt(random.Random(ledger.seed))

    async def trouble(self, camera: Camera, *, delay_s: float) -> None:
        """Let one camera fail again and again until the script is closing."""
        chance = random.Random(f"{self._ledger.seed} {camera.name}")
        await self._rest(delay_s + chance.uniform(0.0, CALM_S[0]))
        while not self.closing.is_set():
            await self._fail(camera, next(self._deck), chance)
            await self._rest(chance.uniform(*CALM_S))

    async def look(self, stream: str) -> None:
        """Ask for a stream's picture now and then until the script is closing."""
        chance = random.Random(f"{self._ledger.seed} {stream} looked at")
        while not self.closing.is_set():
            await self._rest(chance.uniform(15.0, 40.0))
            began = time.time()
            server = await self._household.server()
            status, body = await download(server, f"/streams/{stream}/snapshot.jpg?width=320", PICTURE_S)
            good = status == 200 and body.startswith(b"\xff\xd8")
            self._ledger.counts["pictures seen" if good else "pictures not to be had"] += 1
            if not good and self._ledger.spared(stream, began, time.time()):
                self._ledger.violated("a picture within 10 s", f"{stream}: {status} after {time.time() - began:.1f} s")

    async def back(self, stream: str, healed_at: float, outcome: Outcome | None = None) -> bool:
        """Wait until a stream whose camera is well streams again; a violation if it is late."""
        late_told = False
        while True:
            well_since = max(healed_at, self._ledger.settled_at())
            if well_since < float("inf"):
                seen = self._watch.latest(stream)
                before, after = self._watch.at(stream, well_since), self._watch.since(stream, well_since)
                if seen is not None and seen.is_heard:
                    self._came_back(outcome, seen, before, after, well_since)
                    return True
                limit = deadline(before, after, well_since)
                if time.time() > limit and not late_told:
                    late_told = True
                    told = " → ".join(f"{each.state}/{each.code}" for each in after[-6:])
                    self._ledger.violated(
                        "a camera that is back streams within 5 s of its retry",
                        f"{stream} ({outcome.kind if outcome else 'start'}) "
                        f"{time.time() - well_since:.1f} s after it was well: {told or seen}",
                    )
                if time.time() > limit + GIVEN_UP_S:
                    return False
            await self._watch.until(lambda: None, time.time() + 0.1)

    def _came_back(
        self, outcome: Outcome | None, seen: Sighting, before: Sighting | None, after: Sequence[Sighting], healed: float
    ) -> None:
        if outcome is None:
            return
        outcome.recovered_s = max(0.0, seen.at - healed)
        retry_at = retry_awaited(before, after, healed)
        outcome.late_s = None if retry_at is None or seen.at < retry_at else seen.at - retry_at

    async def _fail(self, camera: Camera, fault: Fault, chance: random.Random) -> None:
        """Provoke one fault, leave it, take it back, see the stream recover."""
        if fault.swaps and camera.name not in self._pictured:
            fault = Fault(fault.kind, fault.begin, swaps=True, passing=fault.names)
        window = self._ledger.open_window(camera.name)
        outcome = Outcome(fault.kind, camera.name, window.begin)
        self._ledger.outcomes.append(outcome)
        describes = (await camera.process.counters(camera.name)).describes
        for order in fault.begin:
            await camera.process.command(*words(order, camera.name))
        if fault.swaps:
            await camera.swap()
        ends_at = time.time() + chance.uniform(*fault.lasts_s)
        await self._named(camera.name, fault, outcome, ends_at)
        await self._rest(ends_at - time.time())
        if fault.needs_restart:
            await self._count_attempts(camera, window, describes)
        for order in fault.end:
            await camera.process.command(*words(order, camera.name))
        healed_at = time.time()
        if fault.needs_restart:
            await self._restart(camera.name)
        await self.back(camera.name, healed_at, outcome)
        window.end = time.time()
        self._judge_codes(camera.name, fault, Window(window.begin, healed_at))

    async def _named(self, stream: str, fault: Fault, outcome: Outcome, ends_at: float) -> None:
        """Wait until the fault is seen and named; a violation if that takes too long."""
        began = outcome.began
        if not fault.names:
            await self._rest(UNDISTURBED_S)
            return

        def seen(codes: frozenset[str]) -> float | None:
            return next((each.at for each in self._watch.since(stream, began) if each.code in codes), None)

        any_code = fault.names | fault.passing
        at = await self._watch.until(lambda: seen(any_code), began + SEEN_WITHIN_S)
        outcome.seen_s = None if at is None else at - began
        tried = await self._watch.until(lambda: self._tried(stream, fault, began), ends_at)
        named = await self._watch.until(lambda: seen(fault.names), (tried or began) + fault.named_within_s)
        outcome.named_s = None if named is None else named - began
        if self._ledger.disturbed(began, time.time()):
            return
        told = " → ".join(f"{each.state}/{each.code}" for each in self._watch.since(stream, began)) or "nothing"
        if at is None:
            self._ledger.violated("a fault is seen within 7 s", f"{fault.kind} of {stream}: {told}")
        elif named is None and tried is not None:
            self._ledger.violated("a fault is named", f"{fault.kind} of {stream}: {told}, not {sorted(fault.names)}")

    def _tried(self, stream: str, fault: Fault, began: float) -> float | None:
        """When the first attempt since a fault began; only then can what an attempt finds out be named."""
        if not fault.found_by_trying:
            return began
        return next((each.at for each in self._watch.since(stream, began) if each.state == "resolving"), None)

    def _judge_codes(self, stream: str, fault: Fault, window: Window) -> None:
        """No code may be shown that does not fit the fault; an attempt under way at its end may say anything."""
        if self._ledger.disturbed(window.begin, window.end):
            return
        shown = {each.code for each in self._watch.since(stream, window.begin) if each.code and each.at <= window.end}
        if not self._ledger.spared(disk_of(stream), window.begin, window.end):
            shown -= DISK_CODES
        if wrong := shown - fault.names - fault.passing:
            self._ledger.violated("a fault has the right code", f"{fault.kind} of {stream}: {sorted(wrong)}")

    async def _count_attempts(self, camera: Camera, window: Window, before: int) -> None:
        """A wrong password is tried once a minute at most, then every 15 min."""
        tried = (await camera.process.counters(camera.name)).describes - before
        if not self._ledger.disturbed(window.begin, time.time()) and tried > MOST_DESCRIBES:
            self._ledger.violated(
                "a wrong password never hammers a camera",
                f"{camera.name}: {tried} DESCRIBE in {time.time() - window.begin:.0f} s",
            )

    async def _restart(self, stream: str) -> None:
        """Press restart as a person would, again when the sidecar is just down."""
        for _ in range(20):
            try:
                await (await self._household.server()).request("POST", f"/streams/{stream}/restart", status=202)
            except aiohttp.ClientError, TimeoutError, AssertionError:
                await asyncio.sleep(1)
            else:
                return

    async def _rest(self, seconds: float) -> None:
        """Wait so long, less once the script is closing."""
        if seconds <= 0:
            return
        try:
            async with asyncio.timeout(seconds):
                await self.closing.wait()
        except TimeoutError:
            return
