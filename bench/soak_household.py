"""What a soak runs: a camera process for each stream, and a sidecar that is started again whenever it dies."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
import os
from pathlib import Path
import random
import secrets
import socket
import subprocess
import time
from types import TracebackType
from typing import Self

import psutil

from tests.support.camera_process import CameraProcess
from tests.support.clips import Picture, camera_clip
from tests.support.ports import LOOPBACK
from tests.support.sentences import SENTENCES
from tests.support.sidecar import Sidecar, sidecar
from tests.support.speech import Track, compose

from .soak_ledger import Ledger
from .soak_log import LogReader

USER, PASSWORD = "soak", "pa55-of-the-soak"
SENTENCES_EACH = 10
CHILDREN_END_S = 3.0
UP_S = 30.0
DISK_MB = 512
MOST_SHOWN = 1000
"""Characters of what a sidecar printed that did not start."""

PORT_TRIES = 200
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
MARK = "SOAK_RUN"
"""In the environment of the sidecar and so of all its children, wherever they moved to."""


@dataclass(slots=True)
class Camera:
    """One camera, what it says, and its two clips: H.264 and H.265 with the same sound."""

    name: str
    process: CameraProcess
    track: Track
    clips: tuple[Path, Path]
    shown: int = 0

    @property
    def url(self) -> str:
        """Its address with its password."""
        return self.process.url(self.name)

    async def swap(self) -> float:
        """Show the other clip; returns when its first packet was sent (seconds since 1970)."""
        self.shown = 1 - self.shown
        return (await self.process.swap(self.name, self.clips[self.shown])).began_at

    async def spoken(self) -> list[tuple[str, float, float]]:
        """Return each sentence sent whole: text, first and last audible sample (seconds since 1970)."""
        said = []
        for loop in await self.process.loops(self.name):
            for sentence in self.track.sentences:
                begin, end = loop.wall_time(sentence.start_s), loop.wall_time(sentence.end_s)
                if begin is not None and end is not None and end <= time.time():
                    said.append((sentence.text, begin, end))
        return sorted(said, key=lambda each: each[1])


def lasting_port() -> int:
    """Return a free loopback port that no outgoing connection is given, so that it is still free after a restart."""
    first = int(EPHEMERAL.read_text().split()[0]) if EPHEMERAL.exists() else 32_768
    for port in random.sample(range(10_000, first), PORT_TRIES):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate, suppress(OSError):
            candidate.bind((LOOPBACK, port))
            return port
    raise OSError("no free port below those of outgoing connections")


def track_of(number: int, cameras: int) -> Track:
    """What camera `number` says, in an order of its own, with pauses that leave one engine time for all cameras."""
    order = random.Random(number).sample(SENTENCES, SENTENCES_EACH)
    return compose(order, pause_s=max(4.0, 1.25 * cameras), lead_s=2.0 + 1.3 * (number % 8))


class Household:
    """Cameras and sidecar; use it as `async with`."""

    def __init__(self, folder: Path, cameras: int, ledger: Ledger, env: Mapping[str, str]) -> None:
        """Describe them; nothing runs yet."""
        self.folder = folder
        self.data = folder / "data"
        self.cameras: dict[str, Camera] = {}
        self.starts = 0
        self.has_disk = False
        """Whether the recordings lie on a small disk of their own."""

        self.mark = secrets.token_hex(8)
        self._count = cameras
        self._ledger = ledger
        self._env = {**env, MARK: self.mark}
        self._port = lasting_port()
        self._server: Sidecar | None = None
        self._up = asyncio.Event()
        self._crashing = self._stopping = False
        self._owned = AsyncExitStack()
        self._keeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start the cameras and the sidecar; raises TimeoutError if it does not answer."""
        try:
            for number in range(self._count):
                await self._add_camera(f"camera-{number + 1}", number)
            self._mount()
            self._keeping = asyncio.create_task(self._keep(), name="sidecar")
            async with asyncio.timeout(UP_S):
                await self.server()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything."""
        await self._close()

    @property
    def pid(self) -> int | None:
        """The process id of the sidecar, None while it is down."""
        return self._server.process.pid if self._server is not None and self._up.is_set() else None

    @property
    def recordings(self) -> Path:
        """The folder of the recordings."""
        return self.data / "recordings"

    async def server(self) -> Sidecar:
        """Return the sidecar as soon as it answers; raises AssertionError once it starts no more."""
        waiting = asyncio.create_task(self._up.wait())
        try:
            await asyncio.wait({waiting, *filter(None, [self._keeping])}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        assert self._server is not None, "the sidecar does not start"
        assert self._up.is_set(), "the sidecar does not start again"
        return self._server

    async def crash(self) -> None:
        """Kill the sidecar as a crash would, check that its children go with it; it starts again by itself."""
        server = await self.server()
        children = psutil.Process(server.process.pid).children(recursive=True)
        self._crashing = True
        self._up.clear()
        server.process.kill()
        _, alive = await asyncio.to_thread(psutil.wait_procs, children, CHILDREN_END_S)
        left = [each.pid for each in alive if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
        if left:
            self._ledger.violated("children end within 3 s of the sidecar", f"{left} still ran")

    async def stop(self) -> None:
        """Ask the sidecar to end, check that it does so within 10 s and well; it stays down."""
        if self._keeping is None or self._server is None or self._keeping.done():
            return
        self._stopping = True
        began = time.monotonic()
        code = await self._server.process.stop()
        took_s = time.monotonic() - began
        if code != 0 or took_s > 10:
            self._ledger.violated("SIGTERM ends the sidecar within 10 s", f"exit code {code} after {took_s:.1f} s")
        await self._keeping

    def left_behind(self) -> list[str]:
        """Return the processes that carry this run's mark."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if process.environ().get(MARK) == self.mark:
                    found.append(f"{process.pid} {' '.join(process.cmdline()[-3:])} ({process.status()})")
        return found

    async def _add_camera(self, name: str, number: int) -> None:
        track = track_of(number, self._count)
        clips = [await asyncio.to_thread(camera_clip, track, Picture(codec=codec)) for codec in ("h264", "h265")]
        process = CameraProcess({name: clips[0]}, port=lasting_port(), auth=(USER, PASSWORD))
        await self._owned.enter_async_context(process)
        self.cameras[name] = Camera(name, process, track, (clips[0], clips[1]))

    def _mount(self) -> None:
        """Put the recordings on a small disk of their own, where that is allowed."""
        self.recordings.mkdir(parents=True)
        options = ("-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(self.recordings))
        done = subprocess.run(("mount", *options), capture_output=True, check=False) if os.geteuid() == 0 else None
        self.has_disk = done is not None and done.returncode == 0
        if self.has_disk:
            self._owned.callback(subprocess.run, ("umount", "-l", str(self.recordings)), check=False)
        else:
            self._ledger.note("No disk of its own may be mounted here: the full disk is left out.")

    async def _keep(self) -> None:
        """Run the sidecar, again whenever it ends, as a service manager would."""
        try:
            await self._run_again()
        except AssertionError as error:
            self._ledger.violated("the sidecar starts", str(error)[-MOST_SHOWN:])

    async def _run_again(self) -> None:
        while not self._stopping:
            self.starts += 1
            self._crashing = False
            log = LogReader(self._ledger, (PASSWORD, *SENTENCES))
            async with sidecar(self.data, self._port, env=self._env, echo=log.take) as server:
                self._server = server
                self._up.set()
                code = await server.process.process.wait()
                self._up.clear()
                if not (self._crashing or self._stopping):
                    last = " | ".join(list(server.process.lines)[-8:])
                    self._ledger.violated("the sidecar runs on", f"it ended with {code}: {last}")
            log.end()

    async def _close(self) -> None:
        self._stopping = True
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError, AssertionError):
                await self._keeping
        await self._owned.aclose()
