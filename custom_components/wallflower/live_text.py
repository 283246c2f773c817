"""Words that may still change, fetched only while somebody wants them: making them costs the sidecar work."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
import logging
from typing import TYPE_CHECKING

from homeassistant.core import callback

from .answers import json_object, parse
from .const import DOMAIN
from .exceptions import WallflowerError
from .heard import Partial
from .listener import retry_delay_s

if TYPE_CHECKING:
    from .coordinator import WallflowerCoordinator

_LOGGER = logging.getLogger(__name__)

PARTIAL = "transcript.partial"


class LiveText:
    """Owns a task for each stream whose unfinished sentences are wanted."""

    def __init__(self, coordinator: WallflowerCoordinator, tell: Callable[[Partial], object]) -> None:
        """Tell each partial text of the coordinator's sidecar."""
        self._coordinator = coordinator
        self._tell = tell
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @callback
    def async_want(self, stream_id: str, *, wanted: bool) -> None:
        """Follow a stream from now on, or no more."""
        if wanted and stream_id not in self._tasks:
            self._tasks[stream_id] = self._coordinator.config_entry.async_create_background_task(
                self._coordinator.hass, self._run(stream_id), f"{DOMAIN} live text of {stream_id}"
            )
        elif not wanted and (task := self._tasks.pop(stream_id, None)) is not None:
            task.cancel()

    async def _run(self, stream_id: str) -> None:
        failures = 0
        while True:
            try:
                async with self._coordinator.client.events([PARTIAL], stream_id=stream_id) as events:
                    failures = 0
                    async for event in events:
                        self._tell(parse(Partial.from_document, json_object(event.data)))
            except WallflowerError as error:
                # The listener tells that the sidecar is away; nothing of this is ever missed.
                _LOGGER.debug("No live text of %s: %s", stream_id, error)
            await self._pause(retry_delay_s(failures))
            failures += 1

    async def _pause(self, delay_s: float) -> None:
        """Wait, but no longer than until the hub is back."""
        coordinator = self._coordinator
        connected, back = coordinator.last_update_success, asyncio.Event()

        @callback
        def look() -> None:
            nonlocal connected
            if coordinator.last_update_success and not connected:
                back.set()
            connected = coordinator.last_update_success

        end = coordinator.async_add_listener(look)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await back.wait()
        finally:
            end()
