"""The embedded recogniser: hands utterances to the engine process and outlives its deaths."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
import logging
from pathlib import Path

from wallflower_sidecar.domain.clock import Clock
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.health import TranscriberInfo
from wallflower_sidecar.domain.transcripts import Hints, Transcript, Utterance
from wallflower_sidecar.processes.supervised import ChildSpec, SupervisedChild
from wallflower_sidecar.processes.wire import Message

from . import messages
from .transcriber import UtteranceRefusedError

_LOGGER = logging.getLogger(__name__)

ENGINE = ChildSpec("engine", "wallflower_sidecar.speech.engine")
LONGEST_UTTERANCE_S = 300.0
_TRIES = 2
_DEATHS_UNTIL_FAILED = 3


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long the engine may take, in seconds; `slowest_factor` times the slowest decode seen is always allowed."""

    decode_s: float = 20.0
    decode_factor: float = 6.0
    slowest_factor: float = 3.0
    second_try_factor: float = 3.0
    return_s: float = 60.0


class EngineEndedError(Exception):
    """The engine ended before it answered."""


class EmbeddedTranscriber:
    """A Transcriber whose model runs in a child process, one utterance at a time, in the order they were given."""

    def __init__(
        self,
        model: str | None,
        *,
        models_dir: Path,
        clock: Clock,
        language: str | None = None,
        threads: int = 0,
        deadlines: Deadlines | None = None,
        engine: ChildSpec = ENGINE,
    ) -> None:
        """`model` is the setting (None: the bundled one), `language` stands in where the hints have none."""
        self.phantoms: Counter[str] = Counter()
        """Texts that were not believed, by reason."""
        self.refused = 0
        """Utterances given up because the engine could not decode them."""
        self._load = messages.load(model, models_dir, threads)
        self._clock = clock
        self._language = language
        self._deadlines = deadlines or Deadlines()
        self._info = TranscriberInfo("embedded", model, "starting")
        self._code = "loading"
        self._listeners: list[Callable[[TranscriberInfo], None]] = []
        self._settled = asyncio.Event()
        self._turn = asyncio.Lock()
        self._number = 0
        self._answer: asyncio.Future[Message] | None = None
        self._slowest_s = 0.0
        self._deaths = 0
        self._child = SupervisedChild(
            engine, on_message=self._take, on_up=self._greet, on_down=self._mourn, clock=clock
        )

    @property
    def info(self) -> TranscriberInfo:
        """The engine's model and state; `detail` says what is wrong while it cannot work."""
        return self._info

    @property
    def pid(self) -> int | None:
        """The engine's process id while there is one."""
        return self._child.pid

    @property
    def restarts(self) -> int:
        """How often the engine had to be started again."""
        return self._child.restarts

    def subscribe(self, on_change: Callable[[TranscriberInfo], None]) -> Callable[[], None]:
        """Call `on_change` on the event loop whenever `info` changes; returns what ends that."""
        self._listeners.append(on_change)
        return lambda: self._listeners.remove(on_change)

    async def run(self) -> None:
        """Keep the engine running until cancelled."""
        await self._child.run()

    async def transcribe(self, utterance: Utterance, hints: Hints) -> Transcript:
        """Turn an utterance into text, a second time if the engine ends under it.

        Raises TranscriberUnavailableError when it should be sent again later, UtteranceRefusedError when not.
        """
        if len(utterance.pcm) % 2 or not 0 < utterance.duration_s <= LONGEST_UTTERANCE_S:
            self.refused += 1
            raise UtteranceRefusedError("The utterance is empty, torn or longer than 5 minutes.")
        hints = replace(hints, language=hints.language or self._language)
        async with self._turn:
            for attempt in range(_TRIES):
                if attempt:
                    await self._returned()
                self._require_ready()
                try:
                    return await self._decode(utterance, hints, attempt)
                except EngineEndedError as error:
                    _LOGGER.warning("the engine ended while decoding %.1f s: %s", utterance.duration_s, error)
        self.refused += 1
        raise UtteranceRefusedError("The engine ended twice while it decoded this utterance.")

    async def _decode(self, utterance: Utterance, hints: Hints, attempt: int) -> Transcript:
        self._number += 1
        self._answer = asyncio.get_running_loop().create_future()
        started = self._clock.monotonic()
        deadline_s = self._deadline_s(utterance.duration_s, attempt)
        try:
            if not self._child.send(messages.transcribe(self._number, utterance, hints)):
                raise TranscriberUnavailableError("died", "The engine takes no messages at this moment.")
            async with asyncio.timeout(deadline_s):
                answer = await self._answer
        except TimeoutError:
            reason = f"no text for {utterance.duration_s:.1f} s of sound within {deadline_s:.0f} s"
            self._child.kill(reason)
            self._enter("starting", self._info.model, None, "timeout", f"The engine is started again: {reason}.")
            raise EngineEndedError("it took too long") from None
        finally:
            self._answer = None
        self._slowest_s = max(self._slowest_s, self._clock.monotonic() - started)
        if answer["t"] == messages.REFUSED:
            self.refused += 1
            raise UtteranceRefusedError("The engine cannot decode this utterance; the log has the cause.")
        self.phantoms.update(answer["phantoms"])
        return messages.read_transcript(answer, utterance)

    def _deadline_s(self, duration_s: float, attempt: int) -> float:
        limits = self._deadlines
        usual_s = max(limits.decode_s, limits.decode_factor * duration_s, limits.slowest_factor * self._slowest_s)
        return usual_s * limits.second_try_factor if attempt else usual_s

    async def _returned(self) -> None:
        """Wait until the new engine is ready or says why not."""
        try:
            async with asyncio.timeout(self._deadlines.return_s):
                await self._settled.wait()
        except TimeoutError:
            _LOGGER.warning("the engine was not back within %.0f s", self._deadlines.return_s)

    def _require_ready(self) -> None:
        if self._info.state != "ready":
            raise TranscriberUnavailableError(self._code, self._info.detail or "The speech model is being loaded.")

    def _awaited(self) -> asyncio.Future[Message] | None:
        return None if self._answer is None or self._answer.done() else self._answer

    def _greet(self) -> None:
        self._child.send(self._load)

    def _take(self, message: Message) -> None:
        kind = message["t"]
        if kind == messages.STATE:
            self._enter(message["state"], message["model"], message["progress"], message["code"], message["detail"])
        elif message["number"] == self._number and (answer := self._awaited()) is not None:
            answer.set_result(message)

    def _mourn(self, reason: str) -> None:
        self._deaths += 1
        if (answer := self._awaited()) is not None:
            answer.set_exception(EngineEndedError(reason))
        state = "starting" if self._deaths < _DEATHS_UNTIL_FAILED else "failed"
        detail = f"The engine ended ({reason}) and is being started again."
        self._enter(state, self._info.model, None, "died", detail)

    def _enter(self, state: str, model: str | None, progress: float | None, code: str, detail: str) -> None:
        if state == "ready":
            self._deaths = 0
        if state in ("starting", "downloading"):
            self._settled.clear()
        else:
            self._settled.set()
        self._code = code or "loading"
        info = TranscriberInfo("embedded", model, state, progress, detail=detail or None)
        if info != self._info:
            self._info = info
            for listener in tuple(self._listeners):
                listener(info)
