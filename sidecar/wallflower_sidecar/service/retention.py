"""Forgets what is old: text past its stream's `retain_days`, events beyond what the contract holds."""

import asyncio
import logging

from ..domain.clock import Clock
from ..domain.errors import UnavailableError
from ..store import Database, events as stored_events, transcripts as stored_transcripts

EVERY_S = 3600.0

LOGGER = logging.getLogger(__name__)


class Retention:
    """Looks at the start and then every hour."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on an open database."""
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Forget until cancelled; a database that is busy or full is tried again an hour later."""
        while True:
            try:
                await self._forget()
            except UnavailableError as error:
                LOGGER.warning("What is old could not be forgotten: %s", error)
            await asyncio.sleep(EVERY_S)

    async def _forget(self) -> None:
        now = self._clock.now()
        async with self._database.erase() as connection:
            segments = await stored_transcripts.expire(connection, now)
            events = await stored_events.prune(connection, now)
        if segments or events:
            LOGGER.info("Forgot %d old segments and %d old events", segments, events)
