"""The recogniser behind a URL: sessions with any WhisperLive server, and what outlives its faults."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import aiohttp

from wallflower_sidecar.domain.clock import Clock
from wallflower_sidecar.domain.health import TranscriberInfo
from wallflower_sidecar.domain.transcripts import Hints, Transcript, Utterance

from ..prompt import hotword_prompt
from ..transcriber import UtteranceRefusedError, require_whole
from . import wire
from .attempts import Attempts
from .condition import Condition
from .faults import NoAnswerError, ServerFaultError, refuse_redirect, stuck
from .limits import Limits
from .pool import Pool
from .probe import prove, unless
from .session import Server, Wish
from .text import language_of, parts, transcript


class WhisperLiveTranscriber:
    """A Transcriber on sessions with a WhisperLive server; each utterance has one to itself."""

    def __init__(  # noqa: PLR0913 - each is a setting or a hook of the managed engine
        self,
        url: str,
        *,
        token: str | None,
        clock: Clock,
        language: str | None = None,
        model: str | None = None,
        sessions: int = 2,
        limits: Limits | None = None,
        engine: str = "whisperlive",
        on_stuck: Callable[[str], None] | None = None,
    ) -> None:
        """`url` is ws:// or wss://, `model` what a server without its own one loads.

        `on_stuck(sentence)` is called on the event loop when the server took speech twice in a row without an answer.
        """
        self.phantoms: Counter[str] = Counter()
        """Texts that were not believed, by reason."""
        self._server = Server(url, token, model)
        self._clock = clock
        self._language = wire.known_language(language, model)
        self._sessions = max(1, sessions)
        self._limits = limits or Limits()
        self._wake = asyncio.Event()
        self._anew = asyncio.Event()
        info = TranscriberInfo(engine, model, "starting")
        self._condition = Condition(info, self._limits, clock, on_fail=self._failed, on_stuck=on_stuck)
        self._pool: Pool | None = None
        self._attempts: Attempts | None = None

    @property
    def info(self) -> TranscriberInfo:
        """The model's setting and whether the server can work; `detail` says what is wrong."""
        return self._condition.board.info

    @property
    def parallel(self) -> int:
        """How many sessions the server lets us have."""
        return self._pool.places if self._pool is not None else self._sessions

    @property
    def refused(self) -> int:
        """Utterances given up because sessions kept ending under them, or that no recogniser takes."""
        return self._condition.refused

    def subscribe(self, on_change: Callable[[TranscriberInfo], None]) -> Callable[[], None]:
        """Call `on_change` on the event loop whenever `info` changes; returns what ends that."""
        return self._condition.board.subscribe(on_change)

    def restart(self) -> None:
        """Begin anew at once: sessions are closed, backoff and breaker cleared."""
        self._condition.begin()
        if self._pool is not None:
            self._pool.end_all("it was begun anew")
        self._anew.set()
        self._wake.set()

    def point_to(self, url: str) -> None:
        """Use another address from now on, such as that of a server started again on another port; then `restart`."""
        self._server = replace(self._server, url=url)
        if self._pool is not None:
            self._pool.server = self._server
        self.restart()

    async def run(self) -> None:
        """Shake hands with the server, then watch over sessions and breaker until cancelled."""
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, middlewares=(refuse_redirect,)) as http,
            asyncio.TaskGroup() as tasks,
        ):
            pool = Pool(
                http,
                self._server,
                self._sessions,
                self._limits,
                self._clock,
                spawn=tasks.create_task,
                on_change=self._wake.set,
            )
            self._pool = pool
            self._attempts = Attempts(pool, self._condition, self._limits, self._clock)
            self._condition.begin()
            try:
                while True:
                    await self._watch(pool)
            finally:
                self._pool = self._attempts = None
                self._condition.begin()
                await pool.close()

    async def transcribe(self, utterance: Utterance, hints: Hints) -> Transcript:
        """Turn an utterance into text; it is sent again on a new session if one ends under it.

        Raises TranscriberUnavailableError when it should be sent again later, UtteranceRefusedError when not.
        """
        try:
            require_whole(utterance)
        except UtteranceRefusedError:
            self._condition.refused += 1
            raise
        attempts = self._require_attempts()
        wish = self._wish(hints)
        heard = [(part, await attempts.hear(part.sound, wish, utterance.id)) for part in parts(utterance)]
        self._condition.forgive(utterance.id)
        made = transcript(utterance, heard, language_of(self._server.model, wish.language, [told for _, told in heard]))
        self.phantoms.update(each.reason for each in made.suppressed)
        return made

    async def draft(self, utterance: Utterance, hints: Hints) -> Transcript:
        """Turn what was heard so far (its last 25 s) into text that may still change; only if a session is free."""
        require_whole(utterance)
        wish, part = self._wish(hints), parts(utterance)[-1]
        told = await self._require_attempts().hear_once(part.sound, wish)
        made = transcript(utterance, [(part, told)], language_of(self._server.model, wish.language, [told]))
        return Transcript(made.text, made.language, made.confidence, suppressed=made.suppressed)

    async def _watch(self, pool: Pool) -> None:
        """Probe the server when that is due, else wait until something is."""
        self._wake.clear()
        due_s = pool.tidy()
        if not self._condition.ready and not (due_s := self._condition.breaker.due_s):
            self._anew.clear()
            await unless(self._anew, self._probe(pool))
            return
        try:
            async with asyncio.timeout(due_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _probe(self, pool: Pool) -> None:
        """Open a session; a server that was silent is asked for more."""
        slow = asyncio.get_running_loop().call_later(self._limits.slow_load_s, self._condition.loading)
        try:
            if self._condition.silences:
                await prove(pool, self._limits, self._clock)
                self._condition.answered()
            else:
                pool.keep(await pool.open_spare(Wish(self._language)))
        except NoAnswerError:
            self._condition.silent()
            self._condition.fail(stuck())
        except ServerFaultError as fault:
            self._condition.fail(fault)
        else:
            self._condition.shook_hands()
        finally:
            slow.cancel()

    def _failed(self, fault: ServerFaultError) -> None:
        if self._pool is not None:
            self._pool.turn_away(fault)
        self._wake.set()

    def _require_attempts(self) -> Attempts:
        self._condition.require_ready()
        if self._attempts is None:
            raise self._condition.unavailable()
        return self._attempts

    def _wish(self, hints: Hints) -> Wish:
        language = wire.known_language(hints.language, self._server.model) or self._language
        return Wish(language, hotword_prompt(hints.hotwords))
