"""A sidecar and its cameras left alone with random faults for as long as wanted, and what must hold all the while.

Everything is real: the sidecar with its engine, cameras that speak known sentences, a client that knows nothing but
HTTP and server-sent events. Faults are drawn from a seed: cameras that freeze, vanish, send garbage, refuse, jump in
time or change codec, a full disk, and kill -9 of worker, engine and sidecar. Exit code 1 when something was violated.
"""

import argparse
import asyncio
from collections import Counter
from contextlib import suppress
from functools import partial
import os
from pathlib import Path
import signal
import sys
import tempfile
import time
from typing import Any

import aiohttp

from tests.support.camera_process import CameraProcessError

from .soak_household import PASSWORD, Household
from .soak_invariants import judge_calm, judge_database, judge_events, judge_sentences, segments_of
from .soak_ledger import Ledger
from .soak_processes import Processes
from .soak_recordings import judge_recordings
from .soak_report import progress, record, show
from .soak_script import Script
from .soak_upheavals import Upheavals
from .soak_watch import Watch, told

PROGRESS_S = 30.0
FIRST_STREAMING_S = 30.0
CALM_BEFORE_S = 10.0
CLOSING_S = 240.0
TEXT_S = 40.0
"""After the last judged sentence its text may take so long."""

INTERRUPTED_S = 10.0
"""What was said so shortly before an interruption is not waited for, nor judged."""

INTERRUPTED = 130
"""The exit code when no report was waited for."""

SETTLED_S = 5.0
FILES_FINISHED_S = 5.0
RECORDED, LOOKED_AT = slice(0, 2), slice(2, 4)


class Soak:
    """One run."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        """Keep everything in this folder."""
        self.ledger = Ledger(options.seed)
        self._minutes: float = options.minutes
        self._stop = asyncio.Event()
        self._household = Household(folder, options.cameras, self.ledger, {"WALLFLOWER_LANGUAGE": "en"})
        self._watch = Watch(self.ledger, [PASSWORD])
        self._processes = Processes(self.ledger)
        names = [f"camera-{number + 1}" for number in range(options.cameras)]
        self._recorded, self._looked_at = names[RECORDED], names[LOOKED_AT]
        self._script = Script(self._household, self._watch, self.ledger, self._recorded, self._looked_at)
        self._upheavals = Upheavals(self._household, self._watch, self.ledger, self._recorded)
        self._sentences: dict[str, Counter[str]] = {}
        self._recordings: dict[str, Counter[str]] = {}
        self._records: dict[str, Any] = {}
        self._judged = (0.0, 0.0)
        self._running: asyncio.Task[Any] | None = None

    def interrupt(self) -> None:
        """End with the report so far; a second time without it."""
        if self._stop.is_set() and self._running is not None:
            self._running.cancel()
        print("Ending; the report follows.", flush=True)
        self._stop.set()

    async def run(self) -> bool:
        """Run to the end, print the report; returns whether nothing was violated."""
        self._running = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.interrupt)
        print("Making the cameras' clips …", flush=True)
        async with self._household:
            followers = [
                asyncio.create_task(self._watch.run(self._household.server), name="events"),
                asyncio.create_task(self._processes.run(lambda: self._household.pid), name="processes"),
                asyncio.create_task(self._tell(), name="progress"),
            ]
            try:
                await self._live()
                await self._judge()
            except (aiohttp.ClientError, AssertionError, OSError, CameraProcessError) as error:
                self.ledger.violated("the soak can go on", f"{type(error).__name__}: {error}")
            finally:
                for task in followers:
                    task.cancel()
                await asyncio.gather(*followers, return_exceptions=True)
            await self._household.stop()
            judge_database(self.ledger, self._household.data / "wallflower.db")
            self._processes.judge()
            if left := self._household.left_behind():
                self.ledger.violated("nothing is left behind", "; ".join(left))
        show(self.ledger, self._processes, self._sentences, self._recordings, self._facts(), self._records)
        return not self.ledger.violations

    async def _live(self) -> None:
        """Add the cameras, let the script run, heal everything."""
        await self._add_streams()
        self._judged = (time.time() + SETTLED_S, 0.0)
        script, upheavals = self._script, self._upheavals
        tasks = [
            asyncio.create_task(script.trouble(camera, delay_s=CALM_BEFORE_S), name=f"faults of {name}")
            for name, camera in self._household.cameras.items()
        ]
        tasks += [asyncio.create_task(script.look(name), name=f"pictures of {name}") for name in self._looked_at]
        tasks.append(asyncio.create_task(upheavals.run(self._minutes), name="upheavals"))
        try:
            await self._until_over(tasks)
            script.closing.set()
            upheavals.closing.set()
            async with asyncio.timeout(CLOSING_S):
                await asyncio.gather(*tasks)
        except TimeoutError:
            self.ledger.violated("everything is well in the end", f"not after {CLOSING_S:g} s")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _until_over(self, tasks: list[asyncio.Task[None]]) -> None:
        """Wait for the end of the time or an interruption; raises what a task of the bench raised."""
        ends_at = self.ledger.began + self._minutes * 60
        while not self._stop.is_set() and time.time() < ends_at:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self._stop.wait()
            for task in tasks:
                if task.done():
                    task.result()

    async def _add_streams(self) -> None:
        server = await self._household.server()
        self.ledger.began = time.time()
        for name, camera in self._household.cameras.items():
            body: dict[str, Any] = {"name": name, "url": camera.url, "language": "en"}
            if name in self._recorded:
                body["recording"] = {"mode": "continuous"}
            await server.request("PUT", f"/streams/{name}", body)
        for name in self._household.cameras:
            if await self._watch.until(partial(self._is_well, name), self.ledger.began + FIRST_STREAMING_S) is None:
                shown = told(self._watch.since(name, self.ledger.began), self.ledger.began)
                self.ledger.violated("a healthy camera streams", shown, stream=name, since=self.ledger.began)
        self.ledger.counts["s until all streamed"] = round(time.time() - self.ledger.began)

    def _is_well(self, name: str) -> bool | None:
        seen = self._watch.latest(name)
        return True if seen is not None and seen.is_well else None

    async def _judge(self) -> None:
        """Let the last texts come, then look at what is stored."""
        self._judged = (self._judged[0], time.time() - (INTERRUPTED_S if self._stop.is_set() else 0))
        server = await self._household.server()
        if not self._stop.is_set():
            await self._texts_are_there(server)
        for name, camera in self._household.cameras.items():
            spoken, heard = await camera.spoken(), await segments_of(server, name)
            shown = self._watch.since(name, self.ledger.began)
            self._records[name] = record(self.ledger, shown, spoken, heard)
            self._sentences[name] = judge_sentences(self.ledger, name, spoken, heard, self._judged)
            judge_calm(self.ledger, name, shown, self._judged)
        for name in self._recorded:
            await server.request("PATCH", f"/streams/{name}", {"recording": {"mode": "off"}})
        await asyncio.sleep(FILES_FINISHED_S)
        self._recordings = await judge_recordings(self.ledger, server, self._recorded, self._household.recordings)
        await judge_events(self.ledger, self._watch, server, self._watch.last_id)

    async def _texts_are_there(self, server: Any) -> None:
        ends_at = time.time() + TEXT_S
        await asyncio.sleep(SETTLED_S)
        while time.time() < ends_at:
            streams = (await server.request("GET", "/streams"))["items"]
            if all(stream["status"]["transcription"]["lag_s"] < 1 for stream in streams):
                break
            await asyncio.sleep(1)
        dropped = {
            stream["id"]: seconds
            for stream in (await server.request("GET", "/streams"))["items"]
            if (seconds := stream["status"]["transcription"]["dropped_s"])
        }
        if dropped:
            self.ledger.note(f"Speech given up because the engine could not keep up, seconds: {dropped}")

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(PROGRESS_S)
            states = [seen.state if (seen := self._watch.latest(name)) else "?" for name in self._household.cameras]
            facts = {"events": len(self._watch.heard), "texts": self._watch.kinds["transcript.final"]}
            progress(self.ledger, states, facts)

    def _facts(self) -> dict[str, object]:
        return {
            "minutes": round((time.time() - self.ledger.began) / 60, 1),
            "cameras": len(self._household.cameras),
            "events told": len(self._watch.heard),
            "texts told": self._watch.kinds["transcript.final"],
            "event connections": self._watch.connections + 1,
            "starts of the sidecar": self._household.starts,
        }


async def run(options: argparse.Namespace) -> int:
    """Run a soak in a temporary folder; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="wallflower-soak-") as folder:
        try:
            return 0 if await Soak(options, Path(folder)).run() else 1
        except (aiohttp.ClientError, AssertionError) as error:
            print(f"The soak cannot go on: {error}", file=sys.stderr)
            return 1


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="script/bench soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="how long faults go on (default 10)")
    parser.add_argument("--cameras", type=int, default=8, help="how many (default 8)")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(2)), help="repeats a script of faults")
    options = parser.parse_args()
    try:
        return asyncio.run(run(options))
    except asyncio.CancelledError:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
