"""One run of a child: its process group, the link to it, its output, and how it ends."""

import asyncio
from collections.abc import Callable
import contextlib
from dataclasses import dataclass
import logging
import os
import select
import signal
import socket

from ..domain.clock import Clock
from .child import STOP
from .process_group import ProcessGroup
from .relog import StderrRelog
from .wire import Decoder, Message, WireError, encode

STOP_GRACE_S = 2.0
TERM_GRACE_S = 1.0
_LAST_WORDS_S = 0.5
"""How long a dead child's pipes may take to hand over what it had written."""


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run: `python -m module <fd> <parent pid> <name> <log level>`; seconds and bytes."""

    name: str
    module: str
    heartbeat_timeout_s: float = 5.0
    start_timeout_s: float = 30.0
    outbox_bytes: int = 32 * 1024 * 1024


class Life(asyncio.Protocol):
    """A started process; whoever makes one must await `end` whatever happens."""

    def __init__(self, spec: ChildSpec, clock: Clock, take: Callable[[Message], None]) -> None:
        """Start the process; each message goes to `take`. Raises OSError and then leaves nothing behind."""
        self.up = False
        self._spec = spec
        self._take = take
        self._silence = Silence(clock, spec)
        self._decoder = Decoder()
        self._ending = False
        self._failure: str | None = None
        self._over = asyncio.Event()
        self._link: asyncio.Transport | None = None
        self._unlinked = asyncio.Event()
        self._relog = StderrRelog(spec.name, clock)
        self._output: asyncio.ReadTransport | None = None
        self._sock, theirs = socket.socketpair()
        with theirs:
            level = logging.getLogger(spec.module.partition(".")[0]).getEffectiveLevel()
            arguments = ["-m", spec.module, str(theirs.fileno()), str(os.getpid()), spec.name, str(level)]
            try:
                self._group = ProcessGroup(arguments, theirs, on_exit=self._over.set)
            except OSError:
                self._sock.close()
                raise

    @property
    def pid(self) -> int:
        """The process id, which is the group's id too."""
        return self._group.pid

    async def watch(self) -> str:
        """Connect, then wait until the child ends, falls silent or fails; returns why."""
        loop = asyncio.get_running_loop()
        self._output, _ = await loop.connect_read_pipe(lambda: self._relog, self._group.output)
        self._link, _ = await loop.create_unix_connection(lambda: self, sock=self._sock)
        while not self._silence.too_long:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._silence.tick_s):
                    await self._over.wait()
            if self._over.is_set():
                return await self._reason()
            self._silence.tick(up=self.up)
        return f"no heartbeat for {self._silence.allowed_s:g} s"

    def send(self, message: Message) -> bool:
        """Write a message unless the outbox would grow over its bound or the child is ending."""
        link = self._link
        if link is None or self._ending or link.is_closing() or self._hung_up():
            return False
        frame = encode(message)
        if link.get_write_buffer_size() + len(frame) > self._spec.outbox_bytes:
            return False
        link.write(frame)
        return True

    def _hung_up(self) -> bool:
        """Whether the child has closed its end; writing to it would close ours with what it said last unread."""
        poll = select.poll()
        poll.register(self._sock, select.POLLRDHUP)
        return bool(poll.poll(0))

    def fail(self, reason: str) -> None:
        """Make `watch` return with this reason."""
        self._failure = self._failure or reason
        self._over.set()

    async def stop(self) -> None:
        """Ask politely, then with SIGTERM; whatever is left is killed by `end`."""
        asked = self.send({"t": STOP})
        if not asked or not await self._group.exits_within(STOP_GRACE_S):
            self._group.signal(signal.SIGTERM)
            await self._group.exits_within(TERM_GRACE_S)

    async def end(self) -> None:
        """Kill the group, reap its leader, take in the child's last words, and close every descriptor."""
        self._ending = True
        try:
            await self._group.reap()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_S):
                    if self._link is not None:
                        await self._unlinked.wait()
                    if self._output is not None:
                        await self._relog.closed.wait()
        finally:
            self._close()

    def data_received(self, data: bytes) -> None:
        """Hand on what the child says; what cannot be read ends it."""
        self._silence.heard()
        try:
            for message in self._decoder.feed(data):
                self._take(message)
        except WireError as error:
            self.fail(f"sent what cannot be read: {error}")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The child, or we, closed the socket."""
        self._unlinked.set()
        self._over.set()

    async def _reason(self) -> str:
        if self._failure is not None:
            return self._failure
        if not await self._group.exits_within(_LAST_WORDS_S):
            return "closed its connection"
        code = await self._group.reap()
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"

    def _close(self) -> None:
        if self._link is not None:
            self._link.abort()
        else:
            self._sock.close()
        if self._output is not None:
            self._output.close()
        else:
            self._group.output.close()


class Silence:
    """Counts how long nothing was heard. Time in which our own event loop stood still does not count."""

    def __init__(self, clock: Clock, spec: ChildSpec) -> None:
        """Allow `start_timeout_s` until the child is up, `heartbeat_timeout_s` from then on."""
        self.allowed_s = spec.start_timeout_s
        self.tick_s = min(0.5, spec.heartbeat_timeout_s / 10)
        self._clock = clock
        self._spec = spec
        self._silent_s = 0.0
        self._last_tick = clock.monotonic()

    @property
    def too_long(self) -> bool:
        """Whether the silence is over what is allowed."""
        return self._silent_s > self.allowed_s

    def heard(self) -> None:
        """Something arrived."""
        self._silent_s = 0.0

    def tick(self, *, up: bool) -> None:
        """Count the time since the last tick, to be called every `tick_s` seconds."""
        self.allowed_s = self._spec.heartbeat_timeout_s if up else self._spec.start_timeout_s
        now = self._clock.monotonic()
        self._silent_s += min(now - self._last_tick, 2 * self.tick_s)
        self._last_tick = now
