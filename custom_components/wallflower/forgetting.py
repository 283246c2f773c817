"""What the sidecar forgot is forgotten here as well, even if Home Assistant is stopped in the middle."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from homeassistant.core import callback

from .const import DOMAIN
from .history import async_forget_history
from .reconcile import stream_subentries

if TYPE_CHECKING:
    from .coordinator import WallflowerCoordinator


class Forgetting:
    """Works off the cameras whose history is to go; the journal holds those that are not done."""

    def __init__(self, coordinator: WallflowerCoordinator) -> None:
        """Serve one coordinator."""
        self._coordinator = coordinator
        self._task: asyncio.Task[None] | None = None

    @callback
    def async_forget(self, stream_ids: Iterable[str] = ()) -> None:
        """Begin with these cameras and with what was left over; the caller saves the journal."""
        coordinator = self._coordinator
        for stream_id in stream_ids:
            coordinator.journal.note_forgetting(stream_id)
        if coordinator.journal.forgetting and (self._task is None or self._task.done()):
            self._task = coordinator.config_entry.async_create_background_task(
                coordinator.hass, self._run(), f"{DOMAIN} forgetting"
            )

    async def _run(self) -> None:
        coordinator = self._coordinator
        left = coordinator.journal.forgetting
        while left:
            stream_id, times = next(iter(left.items()))
            if (subentry := stream_subentries(coordinator.config_entry).get(stream_id)) is not None:
                await async_forget_history(coordinator.hass, subentry)
            # Asked again meanwhile, it is done again.
            if left[stream_id] == times:
                del left[stream_id]
            await coordinator.journal.async_save()
