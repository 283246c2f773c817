"""What changes all the time and is not pushed: fetched now and then, and only while an entity shows it."""

from collections.abc import Mapping
from datetime import timedelta
import logging
from typing import TYPE_CHECKING, override

from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .exceptions import WallflowerError
from .models import Measures

if TYPE_CHECKING:
    from .coordinator import WallflowerCoordinator

_LOGGER = logging.getLogger(__name__)

EVERY = timedelta(seconds=30)


class MeasuresCoordinator(DataUpdateCoordinator[Mapping[str, Measures]]):
    """The measures of all streams by id, in one request; none while the sidecar does not answer."""

    def __init__(self, coordinator: WallflowerCoordinator) -> None:
        """Ask the coordinator's sidecar."""
        super().__init__(
            coordinator.hass,
            _LOGGER,
            config_entry=coordinator.config_entry,
            name=f"{coordinator.name} measures",
            update_interval=EVERY,
        )
        self._client = coordinator.client
        self.data = {}

    async def async_refresh_if_shown(self) -> None:
        """Fetch for the first time, if any entity shows it."""
        if self._listeners:
            await self.async_refresh()

    @override
    async def _async_update_data(self) -> Mapping[str, Measures]:
        try:
            return await self._client.measures()
        except WallflowerError as error:
            # That the sidecar is away is told, and acted on, by whoever follows its events.
            _LOGGER.debug("No measures: %s", error)
            return {}
