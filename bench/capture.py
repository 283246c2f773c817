"""Capturing 1, 10 and 30 cameras: CPU, memory and sessions beside ffmpeg, OpenCV and one ffmpeg for everything.

All on the same 1080p15 cameras, one way after the other in one run. CPU is user and system time of all processes of
a way, without the camera's; memory is PSS. Ours is the real sidecar with its capture worker, in four ways: its
picture pulled though nobody looks (the first minute), listening alone, paused, listening and recording.
"""

import argparse
import asyncio
from collections.abc import Sequence
import os
import sys
import time

import psutil

from tests.support.camera_process import CameraProcess

from . import capture_ours, capture_peers
from .capture_costs import SOUND_S, Cost, clip, names
from .capture_peers import FLOOR, ONE_FFMPEG, USUAL
from .capture_report import show
from .report import write

OURS = {
    "pulled": capture_ours.PULLED,
    "listening": capture_ours.LISTENING,
    "paused": capture_ours.PAUSED,
    "recording": capture_ours.RECORDING,
}

DECODED_PERCENT = 16.0
"""About what a way costs a camera that decodes every picture."""


async def run(counts: Sequence[int], seconds: float, ways: Sequence[str]) -> None:
    """Measure, print, write."""
    print("Making the cameras' clip …", flush=True)
    file = await asyncio.to_thread(clip)
    print(f"{8 * file.stat().st_size / 1e6 / SOUND_S:.1f} Mb/s a camera", flush=True)
    costs: list[Cost] = []
    camera_percent: dict[int, float] = {}
    for cameras in counts:
        async with CameraProcess(dict.fromkeys(names(cameras), file)) as camera:
            process, began = psutil.Process(camera.pid), time.monotonic()
            if "copy" in ways:
                costs.append(told(await capture_peers.measure(FLOOR, camera, cameras, seconds)))
                camera_percent[cameras] = 100 * sum(process.cpu_times()[:2]) / (time.monotonic() - began)
            for word, way in (("opencv", USUAL), ("ffmpeg", ONE_FFMPEG)):
                if word in ways and fits(way, cameras):
                    costs.append(told(await capture_peers.measure(way, camera, cameras, seconds)))
            ours = [way for word, way in OURS.items() if {word, "ours"} & set(ways)]
            if ours:
                costs += [told(cost) for cost in await capture_ours.measure(camera, cameras, seconds, ours)]
    figures = show(costs, camera_percent)
    print(f"Written to {write('capture', {'seconds': seconds, 'camera_percent': camera_percent, **figures})}")


def fits(way: str, cameras: int) -> bool:
    """Say whether this machine can decode so many pictures at all."""
    if cameras * DECODED_PERCENT <= 85 * (os.cpu_count() or 1):
        return True
    print(f"  {way}: {cameras} cameras are more than this machine can decode; left out", flush=True)
    return False


def told(cost: Cost) -> Cost:
    """Say what came out."""
    print(f"  {cost.cameras:2d} {cost.way}: {cost.total_percent:.1f} % of a core, {cost.total_mb:.0f} MB", flush=True)
    return cost


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="script/bench capture", description=__doc__.partition("\n")[0])
    parser.add_argument("--cameras", default="1,10,30", help="how many, with commas between (default 1,10,30)")
    parser.add_argument(
        "--seconds", type=float, default=SOUND_S, help=f"how long each way is measured (default {SOUND_S:g})"
    )
    parser.add_argument(
        "--ways",
        default="copy,opencv,ffmpeg,ours",
        help="which ways (default copy,opencv,ffmpeg,ours; ours is pulled,listening,paused,recording)",
    )
    options = parser.parse_args()
    counts = [int(word) for word in options.cameras.split(",")]
    passages = max(1, round(options.seconds / SOUND_S))
    asyncio.run(run(counts, passages * SOUND_S, options.ways.split(",")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
