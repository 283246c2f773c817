"""A child process that leads its own process group; the group is killed before its leader is reaped."""

import asyncio
from collections.abc import Callable
import contextlib
import os
import signal
import socket
import subprocess
import sys
from typing import IO


class ProcessGroup:
    """One started process; Linux only (pidfd)."""

    def __init__(self, arguments: list[str], sock: socket.socket, on_exit: Callable[[], None]) -> None:
        """Start `python *arguments` with `sock` inherited, both outputs in one pipe; raises OSError."""
        self._popen = subprocess.Popen(
            [sys.executable, *arguments],
            pass_fds=[sock.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if self._popen.stdout is None:
            raise OSError("the child has no output pipe")
        self.pid = self._popen.pid
        self.output: IO[bytes] = self._popen.stdout
        self._exited = asyncio.Event()
        self._tell = on_exit
        self._code: int | None = None
        try:
            self._pidfd = os.pidfd_open(self.pid)
        except OSError:
            self._popen.kill()
            self._popen.wait()
            self.output.close()
            raise
        asyncio.get_running_loop().add_reader(self._pidfd, self._on_exit)

    def _on_exit(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self._exited.set()
        self._tell()

    async def exits_within(self, timeout_s: float) -> bool:
        """Wait for the process to end; it stays a zombie, holding its id, until `reap`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._exited.wait()
        except TimeoutError:
            return False
        return True

    def signal(self, number: signal.Signals) -> None:
        """Signal the whole group; does nothing after `reap`, when the leader's id may be another's."""
        if self._code is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    async def reap(self) -> int:
        """Kill what is left of the group, collect the leader; returns its exit code (negative: a signal)."""
        if self._code is None:
            self.signal(signal.SIGKILL)
            try:
                await self.exits_within(5.0)
            finally:
                self._code = self._collect()
        return self._code

    def _collect(self) -> int:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        try:
            return self._popen.wait(timeout=1.0)
        except subprocess.TimeoutExpired:  # in uninterruptible sleep; subprocess collects it later
            return -int(signal.SIGKILL)
