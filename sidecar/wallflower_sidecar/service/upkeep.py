"""Keeps the service's parts running: one that fails is started again and harms no other."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
import logging
from typing import Any

from ..domain.clock import Clock
from ..domain.errors import UnavailableError
from ..domain.health import Check, HealthStatus
from ..processes.backoff import RestartBackoff

LOGGER = logging.getLogger(__name__)


class Upkeep:
    """Each part is a coroutine function that runs until cancelled and can be called again after it failed."""

    def __init__(self, clock: Clock, backoff: Callable[[], RestartBackoff] = RestartBackoff) -> None:
        """Wait as long as a new `backoff` of each part says before it is started again."""
        self.failures: Counter[str] = Counter()
        """How often each part failed unexpectedly, or what was to follow a transaction."""
        self._clock = clock
        self._backoff = backoff
        self._down: set[str] = set()

    async def keep(self, name: str, part: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Run a part until cancelled, or until it ends by itself."""
        backoff = self._backoff()
        while True:
            started = self._clock.monotonic()
            try:
                await part()
            except UnavailableError as error:
                LOGGER.warning("%s has to wait: %s", name, error)
            except Exception:
                self.failures[name] += 1
                self._down.add(name)
                LOGGER.exception("%s failed and is started again", name)
            else:
                return
            await asyncio.sleep(backoff.next_delay(self._clock.monotonic() - started))
            self._down.discard(name)

    def check(self) -> Check:
        """Return whether every part runs."""
        if self._down:
            names = ", ".join(sorted(self._down))
            return Check("service", HealthStatus.DEGRADED, f"Failed, is started again: {names}. The log says why.")
        return Check("service", HealthStatus.OK, f"All parts run; {self.failures.total()} failures so far.")
