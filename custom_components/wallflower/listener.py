"""Follows the sidecar's events for as long as the hub is loaded, and comes back after every interruption."""

import asyncio
from datetime import datetime
import logging
import random
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .exceptions import (
    ApiVersionError,
    AuthenticationError,
    CertificateError,
    ForbiddenError,
    WallflowerConnectionError,
    WallflowerError,
    WrongServerError,
)

if TYPE_CHECKING:
    from .coordinator import WallflowerCoordinator

_LOGGER = logging.getLogger(__name__)

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 60.0
STOP_TIMEOUT_S = 5.0

# What a person has to see: nobody at this address that may be talked to.
_UNFIT = (ApiVersionError, CertificateError, WrongServerError)


def retry_delay_s(failures: int) -> float:
    """Return the wait after so many failures in a row: 1 s doubling to 60 s, at random from its upper half."""
    longest = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** min(failures, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311 - spreads load, keeps no secret


class EventListener:
    """Owns the one task that reads a sidecar's event stream."""

    def __init__(self, coordinator: WallflowerCoordinator) -> None:
        """Serve one coordinator."""
        self._coordinator = coordinator
        self._entry = coordinator.config_entry
        self._task: asyncio.Task[None] | None = None
        self._failures = 0
        self._read_until: datetime | None = None

    @callback
    def async_start(self, hass: HomeAssistant) -> None:
        """Begin; automations must be ready for what was missed, so Home Assistant must have started."""
        self._task = self._entry.async_create_background_task(hass, self._run(), f"{DOMAIN} events")

    async def async_stop(self) -> None:
        """End, and keep how far the events were read."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=STOP_TIMEOUT_S)
        await self._coordinator.journal.async_save()

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except (AuthenticationError, ForbiddenError, ConfigEntryAuthFailed) as error:
                self._coordinator.async_set_update_error(error)
                if await self._is_another():
                    self._set_up_anew()
                else:
                    self._entry.async_start_reauth(self._coordinator.hass)
                return
            except _UNFIT:
                self._set_up_anew()
                return
            except WallflowerError as error:
                self._coordinator.async_set_update_error(error)
            except Exception as error:
                _LOGGER.exception("Unexpected error while events were followed")
                self._coordinator.async_set_update_error(error)
            await asyncio.sleep(retry_delay_s(self._failures))
            self._failures += 1

    async def _follow(self) -> None:
        """Read events until the connection ends, which is raised."""
        coordinator = self._coordinator
        after = coordinator.journal.last_event_id or 0
        async with coordinator.client.events(coordinator.intake.event_types, after) as events:
            if not coordinator.last_update_success:
                await self._take_state()
            self._failures = 0
            async for event in events:
                if event.type == "resync":
                    coordinator.journal.last_event_id = event.id
                    await self._take_state()
                    coordinator.intake.async_tell_gap(self._read_until)
                else:
                    await coordinator.intake.async_handle(event)
                self._read_until = dt_util.utcnow()
        raise WallflowerConnectionError("The sidecar closed the event stream")

    async def _take_state(self) -> None:
        await self._coordinator.async_refresh()
        if self._coordinator.last_update_success:
            return
        failure = self._coordinator.last_exception
        if isinstance(failure, ConfigEntryAuthFailed):
            raise failure
        if isinstance(cause := failure and failure.__cause__, _UNFIT):
            raise cause
        raise WallflowerConnectionError("The sidecar's state cannot be read") from failure

    async def _is_another(self) -> bool:
        """Whether it is not the joined sidecar that refused the token: then that says nothing of the token."""
        try:
            await self._coordinator.async_joined_sidecar()
        except WallflowerError as error:
            return isinstance(error, WrongServerError)
        return False

    def _set_up_anew(self) -> None:
        """Let the set-up say what is wrong, where a person looks for it, and try until it is right again."""
        self._coordinator.hass.config_entries.async_schedule_reload(self._entry.entry_id)
