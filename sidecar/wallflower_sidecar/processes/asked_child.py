"""A child that lives for one piece of work: it is asked, it answers, and it has ended when the block has."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import os
from typing import Any

from ..domain.clock import Clock
from ..domain.errors import UnavailableError, WallflowerError
from .child import HEARTBEAT
from .life import ChildSpec, Life
from .wire import Message


class ChildEndedError(WallflowerError):
    """The child ended, or had to be given up, before it answered; the text says how."""


@asynccontextmanager
async def asked_child(spec: ChildSpec, clock: Clock) -> AsyncGenerator[AskedChild]:
    """Run a child within the block; raises UnavailableError if no process can be started."""
    try:
        child = AskedChild(spec, clock)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise UnavailableError(f"The process {spec.name} cannot be started ({reason}).") from None
    child.watching = asyncio.create_task(child.life.watch(), name=spec.name)
    try:
        yield child
    finally:
        child.watching.cancel()
        try:
            await asyncio.wait({child.watching})
        finally:
            await child.life.end()


class AskedChild:
    """The child's process and its newest answer; made by `asked_child`."""

    watching: asyncio.Task[str]

    def __init__(self, spec: ChildSpec, clock: Clock) -> None:
        """Start the process; raises OSError."""
        self._answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self.life = Life(spec, clock, self._take)

    async def ask(self, question: Message, within_s: float) -> Message:
        """Ask, and return the answer; raises ChildEndedError, TimeoutError when it takes longer than `within_s`."""
        if not self.life.up:
            await self._next(within_s)  # its first heartbeat
        self._answer = asyncio.get_running_loop().create_future()
        self.life.send(question)
        return await self._next(within_s)

    async def _next(self, within_s: float) -> Message:
        either: set[asyncio.Future[Any]] = {self._answer, self.watching}
        await asyncio.wait(either, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        if self._answer.done():
            return self._answer.result()
        if self.watching.done():
            raise ChildEndedError(self.watching.result())
        raise TimeoutError

    def _take(self, message: Message) -> None:
        if message["t"] == HEARTBEAT and self.life.up:
            return
        self.life.up = True
        if not self._answer.done():
            self._answer.set_result(message)
