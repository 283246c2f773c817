"""One sound after another through sessions with a server: which attempt is made again, and which is the last."""

import logging

from wallflower_sidecar.domain.clock import Clock
from wallflower_sidecar.domain.errors import TranscriberUnavailableError

from .condition import Condition
from .faults import (
    MixedError,
    NoAnswerError,
    NoLanguageError,
    ServerFaultError,
    SessionEndedError,
    ends_early,
    stuck,
)
from .hearing import Heard, Hearing, Sound
from .limits import Limits
from .pool import Pool
from .probe import prove
from .session import Session, Wish

_LOGGER = logging.getLogger(__name__)

_TRIES = 3


class Attempts:
    """Lets sounds be heard on the sessions of a pool, and learns how slow and in which language the answers are."""

    def __init__(self, pool: Pool, condition: Condition, limits: Limits, clock: Clock) -> None:
        """Faults of the server are told to `condition`."""
        self._pool = pool
        self._condition = condition
        self._limits = limits
        self._clock = clock
        self._slowest_s = 0.0
        self._usual: str | None = None
        """The language that was last detected, for sounds too short to detect one."""

    async def hear(self, sound: Sound, wish: Wish, utterance: str) -> Heard:
        """The text of a sound; a second time in the usual language if the server could not tell one.

        It throws such sound away, and short cries are like that. `utterance` is the id by which failures add up.
        Raises TranscriberUnavailableError, UtteranceRefusedError.
        """
        try:
            heard = await self._hear(sound, wish, utterance)
        except NoLanguageError:
            if not await self._works():
                self._note_silence(utterance)
                raise self._condition.unavailable() from None
            heard = Heard((), 0.0, None, None)
        if not heard.pieces and heard.language is None and self._usual is not None:
            heard = await self._hear(sound, Wish(self._usual, wish.hotwords), utterance)
        return heard

    async def hear_once(self, sound: Sound, wish: Wish) -> Heard:
        """The text of a sound if a session is free for it; raises TranscriberUnavailableError."""
        if not self._pool.has_room:
            raise TranscriberUnavailableError("busy", "Every session with the WhisperLive server is in use.")
        session = await self._take(wish, sound)
        try:
            hearing = Hearing(session, sound, self._limits, self._clock)
            return await hearing.hear(self._patience_s(self._limits.draft_s), prove=False)
        except SessionEndedError:
            raise TranscriberUnavailableError("ended", "The session ended under a draft.") from None
        finally:
            self._pool.give_back(session, fit=False)

    async def _hear(self, sound: Sound, wish: Wish, utterance: str) -> Heard:
        """The text of a sound, on a second and a third session if need be; raises NoLanguageError as well."""
        patience_s = self._patience_s(self._limits.answer_s)
        for _ in range(_TRIES):
            session = await self._take(wish, sound)
            heard: Heard | None = None
            try:
                heard = await Hearing(session, sound, self._limits, self._clock).hear(patience_s)
            except NoAnswerError:
                self._note_silence(utterance)
            except MixedError:
                patience_s = self._limits.proof_s
            except SessionEndedError as error:
                _LOGGER.info("a session ended under %.1f s of speech: %s", sound.duration_s, error)
                if not session.disconnected:
                    self._condition.count_end(utterance)
            finally:
                self._pool.give_back(session, fit=heard is not None and heard.answer_s is not None)
            if heard is not None:
                self._learn(heard)
                return heard
        self._condition.fail(ends_early(_TRIES))
        raise self._condition.unavailable()

    async def _take(self, wish: Wish, sound: Sound) -> Session:
        self._condition.require_ready()
        server = self._pool.server
        try:
            return await self._pool.take(wish, sound.duration_s)
        except ServerFaultError as fault:
            if self._condition.ready and server is self._pool.server:
                self._condition.fail(fault)
            raise TranscriberUnavailableError(fault.code, str(fault)) from None

    async def _works(self) -> bool:
        try:
            await prove(self._pool, self._limits, self._clock)
        except NoAnswerError, ServerFaultError:
            return False
        return True

    def _patience_s(self, usual_s: float) -> float:
        """How long to wait for a first word, longer where answers are slow."""
        return min(max(usual_s, self._limits.answer_factor * self._slowest_s), self._limits.proof_s)

    def _note_silence(self, utterance: str) -> None:
        if self._condition.silent():
            self._condition.fail(stuck())
        self._condition.count_end(utterance)

    def _learn(self, heard: Heard) -> None:
        self._condition.answered()
        if (took_s := heard.answer_s or heard.proof_s) is not None:
            self._slowest_s = max(took_s, 0.9 * self._slowest_s)
        if heard.answer_s is not None:
            self._usual = heard.language or self._usual
