"""Finding out whether a WhisperLive server works, without anybody speaking."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from wallflower_sidecar.domain.clock import Clock

from .faults import NoAnswerError, SessionEndedError
from .hearing import KNOWN_LANGUAGE, Hearing, Sound, known_speech
from .limits import Limits
from .pool import Pool
from .session import Wish


async def prove(pool: Pool, limits: Limits, clock: Clock) -> None:
    """Let the server turn known speech into text, which SERVER_READY alone does not promise.

    Raises NoAnswerError if it does not, ServerFaultError if there is no session.
    """
    session = await pool.open_spare(Wish(KNOWN_LANGUAGE))
    try:
        heard = await Hearing(session, Sound(known_speech(), 0.0), limits, clock).hear(limits.proof_s, prove=False)
    except SessionEndedError:
        raise NoAnswerError from None
    finally:
        await session.close()
    if not heard.pieces:
        raise NoAnswerError


async def unless(event: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do some work, but leave it as soon as the event is set."""
    doing, waiting = asyncio.create_task(work), asyncio.create_task(event.wait())
    try:
        await asyncio.wait((doing, waiting), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        if not doing.done():
            doing.cancel()
        await asyncio.gather(doing, waiting, return_exceptions=True)
    if not doing.cancelled() and (error := doing.exception()):
        raise error
