"""The seeded script: faults of single cameras, faults of everything, and somebody who looks at the pictures."""

import asyncio
from collections.abc import Sequence
import random
import time

import aiohttp

from wallflower_sidecar.domain.errors import CaptureCode

from .download import download
from .soak_faults import SEEN_WITHIN_S, Fault, deck_of, words
from .soak_household import Camera, Household
from .soak_ledger import Ledger, Outcome, Window, disk_of
from .soak_recovery import deadline, retry_awaited
from .soak_watch import DISK_CODES, Sighting, Watch, first, told

CALM_S = (10.0, 30.0)
"""Between two faults of a camera."""

OF_CAMERAS = frozenset(code.value for code in CaptureCode) - DISK_CODES
GIVEN_UP_S = 150.0
"""A stream that is not back so long after it should be is not waited for any longer."""

MOST_DESCRIBES = 2
"""DESCRIBE requests of one attempt: without the password, and with it."""

BELATED_S = 20.0
"""What was not seen in time is waited for so much longer once the camera is well."""

UNDISTURBED_S = 3.0
PICTURE_S = 15.0


class Script:
    """Provokes each camera's faults and judges what the sidecar makes of them."""

    def __init__(
        self,
        household: Household,
        watch: Watch,
        ledger: Ledger,
        pictured: Sequence[str] = (),
        looked_at: Sequence[str] = (),
    ) -> None:
        """`pictured` are the streams whose picture is pulled all the time, `looked_at` those where it is at times."""
        self.closing = asyncio.Event()
        self._household = household
        self._watch = watch
        self._ledger = ledger
        self._pictured = frozenset(pictured)
        self._looked_at = frozenset(looked_at)

    async def trouble(self, camera: Camera, *, delay_s: float) -> None:
        """Let one camera fail again and again until the script is closing."""
        chance = random.Random(f"{self._ledger.seed} {camera.name}")
        deck = deck_of(self._ledger.seed, camera.name)
        await self._rest(delay_s + chance.uniform(0.0, CALM_S[0]))
        while not self.closing.is_set():
            await self._fail(camera, next(deck), chance)
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
                self._ledger.violated(
                    "a picture within 10 s", f"{status} after {time.time() - began:.1f} s", stream=stream, since=began
                )

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
                    self._ledger.violated(
                        "a camera that is back streams within 5 s of its retry",
                        f"not {time.time() - well_since:.1f} s after it was well: {told(after, well_since)}",
                        stream=stream,
                        fault=outcome.kind if outcome else "start",
                        since=well_since,
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
        window = self._ledger.open_window(camera.name, fault.kind)
        before = await camera.process.counters(camera.name)
        pictured = camera.name in self._looked_at or before.video_now > 0
        outcome = Outcome(fault.kind, camera.name, await self._begin(camera, fault))
        self._ledger.outcomes.append(outcome)
        ends_at = time.time() + chance.uniform(*fault.lasts_s)
        tried = await self._named(camera.name, fault, outcome, ends_at)
        looked = Window(outcome.began, time.time())
        await self._rest(ends_at - time.time())
        if fault.needs_restart:
            await self._count_attempts(camera, window, before.describes)
        for order in fault.end:
            await camera.process.command(*words(order, camera.name))
        healed_at = time.time()
        if fault.needs_restart:
            await self._restart(camera.name)
        if outcome.seen_s is None and (fault.names or (fault.swaps and pictured)):
            # What the sidecar makes of it after all belongs to this fault, and so does what is lost by that.
            await self._watch.until(lambda: self._seen(camera.name, outcome.began), healed_at + BELATED_S)
        await self.back(camera.name, healed_at, outcome)
        window.end = time.time()
        if self._judge_sight(fault, outcome, tried, looked):
            self._judge_codes(fault, outcome, healed_at)

    async def _begin(self, camera: Camera, fault: Fault) -> float:
        """Provoke a fault; returns the moment from which it can be seen."""
        began = time.time()
        for order in fault.begin:
            began = time.time()
            await camera.process.command(*words(order, camera.name))
        return await camera.swap() if fault.swaps else began

    async def _named(self, stream: str, fault: Fault, outcome: Outcome, ends_at: float) -> float | None:
        """Wait until the fault is seen and named, or should be; returns when the sidecar had tried the camera."""
        began = outcome.began
        if not fault.names:
            await self._rest(UNDISTURBED_S)
            return None
        seen = await self._watch.until(lambda: self._seen(stream, began), began + SEEN_WITHIN_S)
        tried = await self._watch.until(lambda: self._tried(stream, fault, began), ends_at)
        named = await self._watch.until(
            lambda: first(self._watch.since(stream, began), fault.names), (tried or began) + fault.named_within_s
        )
        outcome.seen_s = None if seen is None else seen - began
        outcome.named_s = None if named is None else named - began
        return tried

    def _seen(self, stream: str, began: float) -> float | None:
        """When anything but the disk was first called wrong."""
        return first(self._watch.since(stream, began), OF_CAMERAS)

    def _tried(self, stream: str, fault: Fault, began: float) -> float | None:
        """When the first attempt since a fault began; only then can what an attempt finds out be named."""
        if not fault.found_by_trying:
            return began
        return next((each.at for each in self._watch.since(stream, began) if each.state == "resolving"), None)

    def _judge_sight(self, fault: Fault, outcome: Outcome, tried: float | None, looked: Window) -> bool:
        """A violation if the fault was seen late, or not named; it tells what was shown until the stream was back."""
        if not fault.names or self._ledger.disturbed(looked.begin, looked.end):
            return True
        rule, stream, began = "", outcome.stream, outcome.began
        if outcome.seen_s is None:
            rule = "a fault is seen within 7 s"
        elif outcome.named_s is None and tried is not None:
            rule = f"a fault is named {' or '.join(sorted(fault.names))}"
        if rule:
            shown = told(self._watch.since(stream, began), began)
            self._ledger.violated(rule, shown, stream=stream, fault=fault.kind, since=began)
        return not rule

    def _judge_codes(self, fault: Fault, outcome: Outcome, healed_at: float) -> None:
        """No code may be shown that does not fit the fault; an attempt under way at its end may say anything."""
        began, stream = outcome.began, outcome.stream
        if self._ledger.disturbed(began, healed_at):
            return
        seen = [each for each in self._watch.since(stream, began) if each.at <= healed_at]
        wrong = {each.code for each in seen if each.code} - fault.names - fault.passing
        if not self._ledger.spared(disk_of(stream), began, healed_at):
            wrong -= DISK_CODES
        if wrong:
            self._ledger.violated(
                "a fault has the right code", told(seen, began), stream=stream, fault=fault.kind, since=began
            )

    async def _count_attempts(self, camera: Camera, window: Window, before: int) -> None:
        """A wrong password is tried once a minute at most, then every 15 min."""
        tried = (await camera.process.counters(camera.name)).describes - before
        if not self._ledger.disturbed(window.begin, time.time()) and tried > MOST_DESCRIBES:
            self._ledger.violated(
                "a wrong password never hammers a camera",
                f"{tried} DESCRIBE in {time.time() - window.begin:.0f} s",
                stream=camera.name,
                since=window.begin,
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
