"""The test camera in a process of its own, with the methods of the one in this process."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
import json
from pathlib import Path
import sys
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from .camera_source import Counters
from .child_process import ChildProcess, running
from .ports import LOOPBACK
from .rtp_source import Loop
from .waiting import eventually

START_S = 60.0
ANSWER_S = 60.0
CHECKOUT = Path(__file__).resolve().parents[2]


class CameraProcessError(RuntimeError):
    """The process did not start, or refused a command."""


class CameraProcess:
    """Starts `tests.support.camera` and switches its faults; its CPU does not count as the caller's."""

    def __init__(
        self, sources: Mapping[str, Path | str], *, port: int = 0, auth: tuple[str, str] | None = None
    ) -> None:
        """Describe the camera as FakeCamera does."""
        self.port = port
        self.auth = auth
        """The account; another one holds from the next start."""

        self._arguments: list[str] = []
        for name, file in sources.items():
            self._arguments += ["--source", f"{name}={Path(file).resolve()}"]
        self._owned = AsyncExitStack()
        self._child: ChildProcess | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._asking = asyncio.Lock()

    @property
    def pid(self) -> int:
        """The camera's process id."""
        if self._child is None:
            raise CameraProcessError("the camera is not running")
        return self._child.pid

    async def __aenter__(self) -> Self:
        """Start the process."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        await self.stop()

    async def start(self, port: int | None = None) -> None:
        """Start the process and wait until it listens; raise CameraProcessError if it ends instead.

        It listens on the port given, else where it listened last, else on a free one.
        """
        chosen = str(self.port if port is None else port)
        account = () if self.auth is None else ("--auth", ":".join(self.auth))
        command = (sys.executable, "-m", "tests.support.camera", "--port", chosen, *self._arguments, *account)
        async with AsyncExitStack() as starting:
            child = await starting.enter_async_context(running("camera", *command, env={"PYTHONPATH": str(CHECKOUT)}))
            ready = await eventually(lambda: _ports(child) or not child.is_running, timeout_s=START_S)
            if not isinstance(ready, dict):
                raise CameraProcessError("; ".join(child.lines) or "the camera ended at once")
            self._child, self.port = child, ready["port"]
            self._reader, self._writer = await asyncio.open_connection(LOOPBACK, ready["control_port"])
            starting.callback(self._writer.close)
            self._owned = starting.pop_all()

    async def stop(self) -> None:
        """End the process, with force if it does not obey; start() starts it again."""
        await self._owned.aclose()
        self._child = self._reader = self._writer = None

    def url(self, name: str) -> str:
        """Return a source's URL with the camera's credentials."""
        login = ":".join(quote(part, safe="") for part in self.auth) + "@" if self.auth else ""
        return f"rtsp://{login}{LOOPBACK}:{self.port}/{quote(name)}"

    async def counters(self, name: str) -> Counters:
        """Return what clients have asked of a source."""
        return Counters(**await self.command("counters", name))

    async def loops(self, name: str) -> tuple[Loop, ...]:
        """Return when each passage of a source's clip began."""
        return tuple(_loop(each) for each in await self.command("loops", name))

    async def wall_times(self, name: str, media_s: float) -> list[float]:
        """Return when (seconds since 1970) this second of the present clip was sent, oldest first."""
        return list(await self.command("wall_times", name, media_s))

    async def swap(self, name: str, file: Path | str) -> Loop:
        """Send another file from now on; return its first passage."""
        return _loop(await self.command("swap", name, Path(file).resolve()))

    async def rewind(self, name: str) -> Loop:
        """Send the present clip from its beginning; return that passage."""
        return _loop(await self.command("rewind", name))

    async def command(self, *words: object) -> Any:
        """Return the answer to a control command ("freeze", "porch"); raise CameraProcessError if refused."""
        if self._reader is None or self._writer is None:
            raise CameraProcessError("the camera is not running")
        async with self._asking, asyncio.timeout(ANSWER_S):
            self._writer.write(" ".join(map(str, words)).encode() + b"\n")
            await self._writer.drain()
            outcome, _, rest = (await self._reader.readline()).decode().partition(" ")
        if outcome != "ok":
            raise CameraProcessError(rest.strip() or "the camera is gone")
        return json.loads(rest)


def _ports(child: ChildProcess) -> dict[str, int] | None:
    """Return the ports that the process announced, if it did."""
    return next((json.loads(line) for line in child.lines if line.startswith("{")), None)


def _loop(fields: Mapping[str, Any]) -> Loop:
    return Loop(Path(fields["clip"]), fields["began_at"], fields["ended_at"])
