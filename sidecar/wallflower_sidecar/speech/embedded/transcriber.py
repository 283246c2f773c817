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
from wallflower_sidecar.processes.supervised import ChildSpec
from wallflower_sidecar.processes.wire import Message

from ..models.find import known_languages
from ..models.library import ModelLibrary
from ..models.wanted import Choice, WantedModel
from ..transcriber import InfoBoard, UtteranceRefusedError, require_whole
from . import messages
from .engine_link import ENGINE, EngineEndedError, EngineLink

_LOGGER = logging.getLogger(__name__)

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
    draft_s: float = 5.0


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
        library: ModelLibrary | None = None,
    ) -> None:
        """`model` is the setting (None: the bundled one), `language` stands in where the hints have none.

        Without a `library`, which its owner runs, it runs one of its own.
        """
        self.phantoms: Counter[str] = Counter()
        """Texts that were not believed, by reason."""
        self.refused = 0
        """Utterances given up because the engine could not decode them."""
        self._clock = clock
        self._language = language
        self._threads = threads
        self._deadlines = deadlines or Deadlines()
        self._own_library = ModelLibrary(models_dir, clock) if library is None else None
        known = library or self._own_library or ModelLibrary(models_dir, clock)
        self._wanted = WantedModel(model, known, on_change=self._chosen)
        self._engine = EngineLink(engine, clock, on_state=self._told, on_up=self._load, on_down=self._mourn)
        self._board = InfoBoard(TranscriberInfo("embedded", model, "starting"))
        self._state, self._code, self._detail = "starting", "loading", ""
        self._number = 0
        self._settled = asyncio.Event()
        self._turn = asyncio.Lock()
        self._draft_turn = asyncio.Lock()
        self._slowest_s = 0.0
        self._deaths = 0

    @property
    def info(self) -> TranscriberInfo:
        """The model and the engine's state; `detail` says what is wrong, or which model stands in and why."""
        return self._board.info

    @property
    def parallel(self) -> int:
        """One: a second decode would share the same cores."""
        return 1

    @property
    def pid(self) -> int | None:
        """The engine's process id while there is one."""
        return self._engine.child.pid

    @property
    def restarts(self) -> int:
        """How often the engine had to be started again."""
        return self._engine.child.restarts

    def subscribe(self, on_change: Callable[[TranscriberInfo], None]) -> Callable[[], None]:
        """Call `on_change` on the event loop whenever `info` changes; returns what ends that."""
        return self._board.subscribe(on_change)

    async def run(self) -> None:
        """Keep the engine running, and the model of the setting in it, until cancelled."""
        async with asyncio.TaskGroup() as group:
            if self._own_library is not None:
                group.create_task(self._own_library.run())
            group.create_task(self._wanted.run())
            group.create_task(self._engine.child.run())

    def restart(self) -> None:
        """Start a new engine process at once and look for the model anew, whatever was waited for."""
        self._deaths = 0
        self._wanted.again()
        self._engine.child.restart_now("it was asked to begin anew")

    async def transcribe(self, utterance: Utterance, hints: Hints) -> Transcript:
        """Turn an utterance into text, a second time if the engine ends under it.

        Raises TranscriberUnavailableError when it should be sent again later, UtteranceRefusedError when not.
        """
        try:
            require_whole(utterance)
            return await self._transcribe(utterance, self._completed(hints))
        except UtteranceRefusedError:
            self.refused += 1
            raise

    async def draft(self, utterance: Utterance, hints: Hints) -> Transcript:
        """Turn what was heard so far into text that may still change, in one short try.

        Raises like `transcribe`. Drafts wait for each other outside the line, so a final waits for one at most.
        """
        require_whole(utterance)
        hints = self._completed(hints)
        async with self._draft_turn, self._turn:
            self._require_ready(hints)
            if self._engine.owes:
                raise TranscriberUnavailableError("busy", "The engine still works on what nobody waits for any more.")
            try:
                answer = await self._engine.ask(utterance, hints, self._deadlines.draft_s, draft=True)
            except TimeoutError:
                raise TranscriberUnavailableError("timeout", "The draft took too long.") from None
            except EngineEndedError as error:
                raise TranscriberUnavailableError("died", f"The engine ended ({error}).") from None
        return _read(answer, utterance)

    async def _transcribe(self, utterance: Utterance, hints: Hints) -> Transcript:
        async with self._turn:
            for attempt in range(_TRIES):
                if attempt:
                    await self._returned()
                self._require_ready(hints)
                try:
                    answer = await self._decode(utterance, hints, attempt)
                except EngineEndedError as error:
                    _LOGGER.warning("the engine ended while decoding %.1f s: %s", utterance.duration_s, error)
                else:
                    transcript = _read(answer, utterance)
                    self.phantoms.update(answer["phantoms"])
                    return transcript
        raise UtteranceRefusedError("The engine ended twice while it decoded this utterance.")

    async def _decode(self, utterance: Utterance, hints: Hints, attempt: int) -> Message:
        started = self._clock.monotonic()
        deadline_s = self._deadline_s(utterance.duration_s, attempt)
        try:
            answer = await self._engine.ask(utterance, hints, deadline_s)
        except TimeoutError:
            reason = f"no text for {utterance.duration_s:.1f} s of sound within {deadline_s:.0f} s"
            self._engine.child.kill(reason)
            self._enter("starting", "timeout", f"The engine is started again: {reason}.")
            raise EngineEndedError("it took too long") from None
        self._slowest_s = max(self._slowest_s, self._clock.monotonic() - started)
        return answer

    def _deadline_s(self, duration_s: float, attempt: int) -> float:
        limits = self._deadlines
        usual_s = max(limits.decode_s, limits.decode_factor * duration_s, limits.slowest_factor * self._slowest_s)
        return usual_s * limits.second_try_factor if attempt else usual_s

    def _completed(self, hints: Hints) -> Hints:
        return replace(hints, language=hints.language or self._language)

    async def _returned(self) -> None:
        """Wait until the new engine is ready or says why not."""
        try:
            async with asyncio.timeout(self._deadlines.return_s):
                await self._settled.wait()
        except TimeoutError:
            _LOGGER.warning("the engine was not back within %.0f s", self._deadlines.return_s)

    def _require_ready(self, hints: Hints) -> None:
        info, choice = self._board.info, self._wanted.choice
        if info.state != "ready":
            code = self._code if choice.model is not None else choice.code
            raise TranscriberUnavailableError(code, info.detail or "The speech model is being loaded.")
        if not choice.stands_in or choice.model is None or hints.language is None:
            return
        if (known := known_languages(choice.model.folder)) and hints.language not in known:
            raise UtteranceRefusedError(
                f"{choice.model.name} stands in and does not know the language {hints.language}."
            )

    def _chosen(self, choice: Choice) -> None:
        if choice.model is not None and choice.number != self._number:
            self._state, self._code, self._detail = "starting", "loading", ""
            if self._engine.child.up:
                self._load()
        self._tell()

    def _load(self) -> None:
        choice = self._wanted.choice
        if choice.model is not None:
            self._number = choice.number
            self._engine.load(choice.model, self._threads, choice.number)

    def _told(self, message: Message) -> None:
        if message["number"] != self._number:
            return
        self._enter(message["state"], message["code"] or "loading", message["detail"])
        if message["state"] == "failed":
            self._wanted.refused(message["detail"])
        elif message["state"] == "ready":
            self._deaths = 0
            self._wanted.accepted()

    def _mourn(self, reason: str) -> None:
        self._deaths += 1
        detail = f"The engine ended ({reason}) and is being started again."
        if self._deaths < _DEATHS_UNTIL_FAILED:
            self._enter("starting", "died", detail)
        else:
            hint = " If the machine lacks memory for this model, name a smaller one." if "SIGKILL" in reason else ""
            self._enter("failed", "died", f"{detail}{hint}")

    def _enter(self, state: str, code: str, detail: str) -> None:
        self._state, self._code, self._detail = state, code, detail
        self._tell()

    def _tell(self) -> None:
        choice = self._wanted.choice
        if choice.model is None and choice.state != "starting":
            name, state, detail = choice.name, choice.state, choice.detail
        else:
            name = choice.model.name if choice.model is not None else choice.name
            state, detail = self._state, choice.detail if self._state == "ready" else self._detail
        if state in ("starting", "downloading"):
            self._settled.clear()
        else:
            self._settled.set()
        self._board.tell(TranscriberInfo("embedded", name, state, choice.progress, detail=detail or None))


def _read(answer: Message, utterance: Utterance) -> Transcript:
    if answer["t"] == messages.REFUSED:
        raise UtteranceRefusedError("The engine cannot decode this utterance; the log has the cause.")
    return messages.read_transcript(answer, utterance)
