"""A program run beside a test or the demo: its output kept, its whole group ended, never left behind."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
import os
import signal

from .ffmpeg import dying_with_parent

KEPT_LINES = 2000


class ChildProcess:
    """A running program; `lines` holds the newest of what it printed."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, echo: Callable[[str], None] | None) -> None:
        """Watch a process that was just started."""
        self.name = name
        self.process = process
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.silent = asyncio.Event()
        """Set once nobody holds the program's output any more."""

        self._echo = echo

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    @property
    def is_running(self) -> bool:
        """Whether the program has not ended yet."""
        return self.process.returncode is None

    async def ended(self, timeout_s: float = 15.0) -> int:
        """Wait until the program has ended and all it printed is in `lines`; returns its exit code."""
        async with asyncio.timeout(timeout_s):
            await self.silent.wait()
            return await self.process.wait()

    async def read_output(self) -> None:
        """Keep what the program prints until it closes its output."""
        assert self.process.stdout is not None
        async for raw in self.process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self.lines.append(line)
            if self._echo:
                self._echo(line)
        self.silent.set()

    def kill(self) -> None:
        """Send SIGKILL to the program alone, as a crash would end it."""
        with suppress(ProcessLookupError):
            self.process.kill()

    async def stop(self, timeout_s: float = 12.0) -> int:
        """Ask the program to end (SIGTERM), kill its group after the timeout; returns its exit code."""
        with suppress(ProcessLookupError):
            self.process.terminate()
        try:
            async with asyncio.timeout(timeout_s):
                return await self.process.wait()
        except TimeoutError:
            return -signal.SIGKILL
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()


def ignoring_sigint(*command: str) -> tuple[str, ...]:
    """Return what starts the command as shells and build servers start programs in the background."""
    return ("sh", "-c", 'trap "" INT; exec "$@"', "sh", *command)


@asynccontextmanager
async def running(
    name: str,
    *command: str,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    echo: Callable[[str], None] | None = None,
) -> AsyncIterator[ChildProcess]:
    """Run a program beside the block; on the way out it is asked to end, then its group is killed and reaped."""
    process = await asyncio.create_subprocess_exec(
        *dying_with_parent(*command),
        stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=None if env is None else {**os.environ, **env},
        start_new_session=True,
        limit=1 << 20,
    )
    child = ChildProcess(name, process, echo)
    reader = asyncio.create_task(child.read_output(), name=f"output of {name}")
    try:
        if process.stdin is not None:
            process.stdin.write(stdin)
            process.stdin.close()
        yield child
    finally:
        await child.stop()
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader
