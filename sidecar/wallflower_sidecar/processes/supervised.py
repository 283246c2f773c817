"""The sidecar's side of a child: started, watched by its heartbeat, restarted, ended with its group."""

import asyncio
from collections.abc import Callable
import contextlib
from functools import partial
import logging
import os
from typing import NoReturn

from ..domain.clock import Clock
from .backoff import RestartBackoff
from .child import HEARTBEAT
from .life import ChildSpec, Life
from .wire import Message

__all__ = ["ChildSpec", "SupervisedChild"]

_LOGGER = logging.getLogger(__name__)


class SupervisedChild:
    """Keeps one child running. Callbacks run on the event loop; what they raise is logged and counted."""

    def __init__(
        self,
        spec: ChildSpec,
        *,
        on_message: Callable[[Message], None],
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
        clock: Clock,
        backoff: RestartBackoff | None = None,
    ) -> None:
        """`on_up` follows the first heartbeat, `on_down(reason)` each end but the last, come up or not."""
        self.spec = spec
        self.restarts = 0
        self.dropped = 0
        self.callback_errors = 0
        self._on_message = on_message
        self._on_up = on_up
        self._on_down = on_down
        self._clock = clock
        self._backoff = backoff or RestartBackoff()
        self._life: Life | None = None
        self._at_once = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The running child's process id, also before its first heartbeat."""
        return self._life.pid if self._life else None

    @property
    def up(self) -> bool:
        """Whether a child runs that has sent its first heartbeat."""
        return self._life is not None and self._life.up

    async def run(self) -> NoReturn:
        """Keep the child alive until cancelled; then ask it to stop, and end whatever does not within 3 s."""
        while True:
            self._at_once.clear()
            started = self._clock.monotonic()
            reason = await self._live()
            if self._at_once.is_set():
                delay_s = 0.0
                _LOGGER.info("[%s] ended: %s", self.spec.name, reason)
            else:
                delay_s = self._backoff.next_delay(self._clock.monotonic() - started)
                _LOGGER.warning("[%s] ended: %s; starts again in %.1f s", self.spec.name, reason, delay_s)
            self._guarded(partial(self._on_down, reason))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._at_once.wait()
            self.restarts += 1

    def send(self, message: Message) -> bool:
        """Queue a message for the child; False when it is down or its outbox full (counted in `dropped`)."""
        if self._life is not None and self._life.send(message):
            return True
        self.dropped += 1
        return False

    def kill(self, reason: str) -> None:
        """End the child's whole group at once; `run` starts it again."""
        if self._life is not None:
            self._life.fail(reason)

    def restart_now(self, reason: str) -> None:
        """End the child like `kill`, if there is one, and start the next without delay; past deaths are forgotten."""
        self._backoff.reset()
        self._at_once.set()
        self.kill(reason)

    async def _live(self) -> str:
        try:
            life = Life(self.spec, self._clock, self._take)
        except OSError as error:
            return f"cannot be started: {os.strerror(error.errno or 0)}"
        self._life = life
        _LOGGER.info("[%s] started as process %d", self.spec.name, life.pid)
        try:
            return await life.watch()
        except OSError as error:
            return f"cannot be connected: {os.strerror(error.errno or 0)}"
        except asyncio.CancelledError:
            await life.stop()
            raise
        finally:
            try:
                await life.end()
            finally:
                self._life = None

    def _take(self, message: Message) -> None:
        if self._life is not None and not self._life.up:
            self._life.up = True
            self._guarded(self._on_up)
        if message["t"] != HEARTBEAT:
            self._guarded(partial(self._on_message, message))

    def _guarded(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception:
            self.callback_errors += 1
            _LOGGER.exception("[%s] a callback failed", self.spec.name)
