"""From the end of a spoken sentence to Home Assistant's state, and what each process costs with one camera.

Everything is real: camera, sidecar, Whisper, Home Assistant. When a sentence ended is known from the camera, which
notes when it sent each moment of its clip.
"""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
import sys
import tempfile
import time

import aiohttp
import psutil
from rapidfuzz import fuzz

from tests.support.household import CAMERA, Household, Ports, household
from tests.support.sentences import SENTENCES
from tests.support.speech import Track

from .report import percentile, table, write

ALIKE = 80.0
EARLY_S = 8.0
"""A text belongs to the last sentence like it that ended at most this long before."""


@dataclass(frozen=True, slots=True)
class Seen:
    """When a text arrived, and when it says it was said (seconds since 1970)."""

    text: str
    start: float
    end: float
    at: float


async def finals(house: Household, seen: list[Seen]) -> None:
    """Note each `transcript.final` as it arrives at a client of the sidecar."""
    async for event in house.sidecar.events(types="transcript.final"):
        at = time.time()
        seen.append(_seen(event.data, at))


async def states(house: Household, seen: list[Seen]) -> None:
    """Note each new state of the transcript sensor as it arrives at a client of Home Assistant."""
    async for state in house.home_assistant.changes(house.entities["transcript"]):
        at = time.time()
        if state["attributes"].get("text"):
            seen.append(_seen(state["attributes"], at))


def _seen(said: Mapping[str, str], at: float) -> Seen:
    start, end = (datetime.fromisoformat(said[name]).timestamp() for name in ("start", "end"))
    return Seen(said["text"], start, end, at)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence that the camera has sent: its first and last audible sample (seconds since 1970)."""

    text: str
    start: float
    end: float


async def everything_said(house: Household, track: Track) -> list[Said]:
    """Return each sentence that the camera has sent, oldest first."""
    said = [
        Said(sentence.text, end - (sentence.end_s - sentence.start_s), end)
        for sentence in track.sentences
        for end in await house.camera.wall_times(CAMERA, sentence.end_s)
    ]
    return sorted(said, key=lambda each: each.end)


def matched(seen: Sequence[Seen], spoken: Sequence[Said]) -> list[tuple[Seen, Said]]:
    """Return each text with the last sentence like it that ended before; texts that are like none are left out."""
    found = []
    for each in seen:
        like = [
            said
            for said in spoken
            if 0 <= each.at - said.end <= EARLY_S and fuzz.ratio(said.text.lower(), each.text.lower()) >= ALIKE
        ]
        if like:
            found.append((each, like[-1]))
    return found


class Costs:
    """CPU seconds and memory of the household's processes between two moments."""

    def __init__(self, house: Household) -> None:
        """Start counting."""
        sidecar = psutil.Process(house.sidecar.process.pid)
        self._processes = {"sidecar": sidecar} | {
            child.cmdline()[-2]: child for child in sidecar.children(recursive=True)
        }
        self._processes["Home Assistant"] = psutil.Process(house.home_assistant.process.pid)
        self._began = time.monotonic()
        self._before = {name: sum(process.cpu_times()[:2]) for name, process in self._processes.items()}

    def rows(self) -> list[tuple[str, float, float]]:
        """Name, % of a core, PSS in MB of each process."""
        elapsed = time.monotonic() - self._began
        return [
            (
                name,
                100 * (sum(process.cpu_times()[:2]) - self._before[name]) / elapsed,
                process.memory_full_info().pss / 1e6,
            )
            for name, process in self._processes.items()
        ]


async def measure(count: int) -> int:
    """Run the household until `count` sentences were seen in Home Assistant; print and write the figures."""
    with tempfile.TemporaryDirectory(prefix="wallflower-bench-") as folder:
        async with household(
            Path(folder), ports=Ports.free(), sentences=SENTENCES, keywords=["help"], say=print
        ) as house:
            heard: list[Seen] = []
            shown: list[Seen] = []
            tasks = [asyncio.create_task(finals(house, heard)), asyncio.create_task(states(house, shown))]
            costs = Costs(house)
            try:
                async with asyncio.timeout(count * 15 + 60):
                    while len(shown) < count:
                        await asyncio.sleep(1)
                        for task in tasks:
                            if task.done():
                                task.result()
            finally:
                for task in tasks:
                    task.cancel()
                    with suppress(asyncio.CancelledError, aiohttp.ClientError):
                        await task
            rows = costs.rows()
            spoken = await everything_said(house, house.track)
    report(heard, shown, spoken, rows)
    return 0


def report(
    heard: Sequence[Seen],
    shown: Sequence[Seen],
    spoken: Sequence[Said],
    costs: Sequence[tuple[str, float, float]],
) -> None:
    """Print both tables and write the figures."""
    arrived = {(each.text, each.end): each.at for each in heard}
    hops = [each.at - arrived[each.text, each.end] for each in shown if (each.text, each.end) in arrived]
    pairs = matched(heard, spoken)
    lean = {
        "start": [each.start - said.start for each, said in pairs],
        "end": [each.end - said.end for each, said in pairs],
    }
    series = {
        "end of speech → transcript.final": [each.at - said.end for each, said in pairs],
        "end of speech → Home Assistant state": [each.at - said.end for each, said in matched(shown, spoken)],
        "transcript.final → Home Assistant state": hops,
        **{f"stored {edge} of speech, off by": [abs(error) for error in errors] for edge, errors in lean.items()},
    }
    rows = [
        (name, len(values), percentile(values, 0.5), percentile(values, 0.95), max(values))
        for name, values in series.items()
        if values
    ]
    for edge, errors in lean.items():
        if errors:
            sys.stdout.write(f"The stored {edge} of speech is {sum(errors) / len(errors):+.3f} s off on average.\n")
    table("Seconds", ("from → to", "sentences", "p50", "p95", "max"), rows)
    table("One camera, 720p15 H.264 + AAC", ("process", "% of a core", "PSS MB"), costs)
    file = write("latency", {"seconds": series, "signed": lean, "processes": [list(row) for row in costs]})
    print(f"Written to {file}")


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="script/bench latency", description=__doc__.partition("\n")[0])
    parser.add_argument("--sentences", type=int, default=24, help="how many to wait for (default 24)")
    return asyncio.run(measure(parser.parse_args().sentences))


if __name__ == "__main__":
    sys.exit(main())
