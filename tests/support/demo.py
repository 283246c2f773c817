"""`script/demo`: the whole product on real input, to look at or to be checked."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
import signal
import sys
import tempfile
import time
from typing import Any

from . import demo_check, demo_dashboard
from .browser import screenshot
from .household import PASSWORD, USER, Household, Ports, household
from .ports import is_listening
from .sentences import SENTENCES

SPOKEN = SENTENCES[:10]
KEYWORDS = ("help", "front door", "fire")
PAGE = "wallflower-demo"
PREFERRED = Ports(camera=8554, sidecar=8953, home_assistant=8123)


class Terminal:
    """Prints what happens with the seconds since the start."""

    def __init__(self) -> None:
        """Start the clock."""
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """Print one line."""
        print(f"[{time.monotonic() - self._began:6.1f} s] {text}", flush=True)


async def show_sentences(house: Household, terminal: Terminal) -> None:
    """Print each sentence and each keyword as the sidecar tells it, until cancelled."""
    async for event in house.sidecar.events(types="transcript.final,keyword.detected"):
        data = event.data
        spoken = datetime.fromisoformat(data["start"]).astimezone().strftime("%H:%M:%S")
        if event.type == "transcript.final":
            terminal.say(f"{data['stream']} {spoken}  {data['text']}")
        else:
            terminal.say(f"{data['stream']} {spoken}  keyword: {data['rule']['name']}")


async def run(options: argparse.Namespace) -> int:
    """Start everything, then wait for Ctrl-C or check; returns the exit code."""
    terminal = Terminal()
    async with (
        _folder(options.keep) as folder,
        household(
            folder,
            ports=_ports(kept=options.keep is not None),
            sentences=SPOKEN,
            keywords=KEYWORDS,
            say=terminal.say,
            echo=print if options.verbose else None,
        ) as house,
    ):
        address = await demo_dashboard.make(house, PAGE)
        terminal.say(f"Look at {address} (user {USER}, password {PASSWORD})")
        printing = asyncio.create_task(show_sentences(house, terminal))
        try:
            code = 0
            if options.check:
                code = await demo_check.check(house, SPOKEN, KEYWORDS, terminal.say)
            if options.screenshot:
                await screenshot(house.home_assistant, address, options.screenshot)
                terminal.say(f"A picture of the page is in {options.screenshot}")
            if options.check or options.screenshot:
                return code
            terminal.say("Ctrl-C ends everything")
            await asyncio.Event().wait()
        finally:
            printing.cancel()
            with suppress(asyncio.CancelledError):
                await printing


@asynccontextmanager
async def _folder(kept: Path | None) -> AsyncIterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="wallflower-demo-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _ports(*, kept: bool) -> Ports:
    """The ports a person expects where they are free; a kept household must find its own again."""
    taken = any(is_listening(port) for port in (PREFERRED.camera, PREFERRED.sidecar, PREFERRED.home_assistant))
    if not taken:
        return PREFERRED
    if kept:
        sys.exit("script/demo --keep needs the ports 8554, 8953 and 8123, and one of them is taken.")
    return Ports.free()


def main(arguments: Sequence[str] = tuple(sys.argv[1:])) -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(prog="script/demo", description="A camera, the sidecar and a Home Assistant.")
    parser.add_argument("--check", action="store_true", help="end with 0 once Home Assistant showed all of it")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="remember everything in DIR for the next run")
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help="save a picture of the page (needs Chromium)")
    parser.add_argument("--verbose", action="store_true", help="show what sidecar and Home Assistant print")
    return asyncio.run(_until_signal(run(parser.parse_args(arguments))))


async def _until_signal(work: Coroutine[Any, Any, int]) -> int:
    task = asyncio.create_task(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        print("Everything is stopped.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
