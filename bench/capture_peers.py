"""Other ways to capture the same cameras: ffmpeg that copies, OpenCV beside an ffmpeg, one ffmpeg for all."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
import sys
import tempfile
import time

from tests.support.camera_process import CameraProcess
from tests.support.child_process import running
from tests.support.ffmpeg import ffmpeg_child
from tests.support.waiting import eventually

from .capture_costs import Cost, names, sessions, shares, together
from .speech_costs import Meter

FLOOR = "ffmpeg copy"
"""Packets copied to files, sound decoded: nothing else."""

USUAL = "OpenCV + ffmpeg"
"""Five pictures a second, and an ffmpeg that decodes the sound."""

ONE_FFMPEG = "ffmpeg + JPEG"
"""One ffmpeg: packets copied, sound decoded, a JPEG a second."""

INPUT = ("-rtsp_transport", "tcp", "-i")
SOUND = ("-map", "0:a", "-ac", "1", "-ar", "16000", "-f", "s16le", "pipe:1")
COPY = ("-map", "0", "-c", "copy", "-f", "segment", "-segment_time", "60", "-segment_format", "mp4")
FRAGMENTS = ("-segment_format_options", "movflags=+frag_keyframe+empty_moov")
JPEG = ("-map", "0:v", "-an", "-vf", "fps=1,scale=640:-2", "-f", "image2", "-update", "1")
START_S = 60.0
SETTLE_S = 5.0


@dataclass(slots=True)
class Going:
    """A way that runs: its processes, and when it delivered first (seconds after its start)."""

    pids: dict[str, int] = field(default_factory=dict)
    first_audio_s: dict[str, float] = field(default_factory=dict)
    first_picture_s: float | None = None


async def measure(way: str, camera: CameraProcess, cameras: int, seconds: float) -> Cost:
    """Run one of the ways for so long; returns its cost."""
    urls = {name: camera.url(name) for name in names(cameras)}
    with tempfile.TemporaryDirectory(prefix="wallflower-bench-") as folder:
        async with WAYS[way](urls, Path(folder)) as going:
            await eventually(lambda: len(going.first_audio_s) == cameras, timeout_s=START_S, interval_s=0.2)
            await asyncio.sleep(SETTLE_S)
            async with Meter(going.pids) as meter:
                await asyncio.sleep(seconds)
            playing, pictured = await sessions(camera, cameras)
            return Cost(
                way,
                cameras,
                together("all", shares(meter)),
                together("all", meter.peak_mb),
                playing,
                pictured,
                max(going.first_audio_s.values()),
                going.first_picture_s,
            )


@asynccontextmanager
async def _ffmpegs(
    going: Going, urls: Mapping[str, str], outputs: Callable[[str], Sequence[str]]
) -> AsyncIterator[None]:
    """An ffmpeg a camera, whose sound is read from its output."""
    async with AsyncExitStack() as stack:
        readers = []
        for name, url in urls.items():
            began = time.monotonic()
            process = await stack.enter_async_context(ffmpeg_child(*INPUT, url, *outputs(name), *SOUND))
            going.pids[f"ffmpeg of {name}"] = process.pid
            readers += [
                asyncio.create_task(_hear(going, name, process, began), name=f"sound of {name}"),
                asyncio.create_task(_drain(process.stderr), name=f"words of {name}"),
            ]
        try:
            yield
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)


async def _hear(going: Going, name: str, process: asyncio.subprocess.Process, began: float) -> None:
    assert process.stdout is not None
    while await process.stdout.read(1 << 16):
        going.first_audio_s.setdefault(name, time.monotonic() - began)


async def _drain(stream: asyncio.StreamReader | None) -> None:
    while stream is not None and await stream.read(1 << 16):
        pass


def _copied(folder: Path, name: str) -> tuple[str, ...]:
    return (*COPY, *FRAGMENTS, str(folder / f"{name}-%03d.mp4"))


@asynccontextmanager
async def floor(urls: Mapping[str, str], folder: Path) -> AsyncIterator[Going]:
    """Packets copied to files, sound decoded."""
    going = Going()
    async with _ffmpegs(going, urls, lambda name: _copied(folder, name)):
        yield going


@asynccontextmanager
async def usual(urls: Mapping[str, str], folder: Path) -> AsyncIterator[Going]:  # noqa: ARG001
    """A process that reads every camera with OpenCV, and an ffmpeg a camera for its sound."""
    going = Going()
    command = (sys.executable, "-m", "bench.capture_reader", *urls.values())
    async with running("OpenCV", *command, echo=lambda line: _first_picture(going, line)) as reader:
        going.pids["OpenCV"] = reader.pid
        async with _ffmpegs(going, urls, lambda _: ()):
            await eventually(lambda: going.first_picture_s is not None, timeout_s=START_S, interval_s=0.1)
            yield going


@asynccontextmanager
async def one_ffmpeg(urls: Mapping[str, str], folder: Path) -> AsyncIterator[Going]:
    """One ffmpeg a camera copies packets, decodes sound, and makes a picture a second."""
    going = Going()
    began = time.monotonic()
    pictures = {name: folder / f"{name}.jpg" for name in urls}
    outputs = lambda name: (*_copied(folder, name), *JPEG, str(pictures[name]))  # noqa: E731
    async with _ffmpegs(going, urls, outputs):
        with suppress(AssertionError):
            await eventually(
                lambda: all(file.exists() for file in pictures.values()), timeout_s=START_S, interval_s=0.02
            )
            going.first_picture_s = time.monotonic() - began
        yield going


def _first_picture(going: Going, line: str) -> None:
    if line.startswith("first "):
        going.first_picture_s = float(line.split()[1])


WAYS = {FLOOR: floor, USUAL: usual, ONE_FFMPEG: one_ffmpeg}
