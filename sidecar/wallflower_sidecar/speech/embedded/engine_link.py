"""The sidecar's end of the engine process: which answer belongs to whom, and what is still owed."""

import asyncio
from collections.abc import Callable

from wallflower_sidecar.domain.clock import Clock
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.transcripts import Hints, Utterance
from wallflower_sidecar.processes.supervised import ChildSpec, SupervisedChild
from wallflower_sidecar.processes.wire import Message

from ..models.find import LocalModel
from . import messages

ENGINE = ChildSpec("engine", "wallflower_sidecar.speech.embedded.engine")


class EngineEndedError(Exception):
    """The engine ended before it answered."""


class EngineLink:
    """One utterance is asked at a time; callbacks run on the event loop."""

    def __init__(
        self,
        spec: ChildSpec,
        clock: Clock,
        *,
        on_state: Callable[[Message], None],
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
    ) -> None:
        """`on_state` is told the engine's state messages, `on_up` each new engine, `on_down(reason)` each end."""
        self._number = 0
        self._answer: asyncio.Future[Message] | None = None
        self._owed: set[int] = set()
        self._on_state = on_state
        self._on_down = on_down
        self.child = SupervisedChild(spec, on_message=self._take, on_up=on_up, on_down=self._mourn, clock=clock)

    @property
    def owes(self) -> bool:
        """Whether the engine still works on something that nobody waits for any more."""
        return bool(self._owed)

    def load(self, model: LocalModel, threads: int, number: int) -> None:
        """Have the engine load a model once it has decoded what it has; its states bear this number."""
        self.child.send(messages.load(model, threads, number))

    async def ask(self, utterance: Utterance, hints: Hints, timeout_s: float, *, draft: bool = False) -> Message:
        """Return the engine's answer.

        Raises TimeoutError, EngineEndedError, or TranscriberUnavailableError when the engine takes nothing now.
        """
        self._number += 1
        number = self._number
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answer = answer
        if not self.child.send(messages.transcribe(number, utterance, hints, draft=draft)):
            raise TranscriberUnavailableError("died", "The engine takes no messages at this moment.")
        self._owed.add(number)
        async with asyncio.timeout(timeout_s):
            return await answer

    def _take(self, message: Message) -> None:
        if message["t"] == messages.STATE:
            self._on_state(message)
            return
        self._owed.discard(message["number"])
        if message["number"] == self._number and self._answer is not None and not self._answer.done():
            self._answer.set_result(message)

    def _mourn(self, reason: str) -> None:
        self._owed.clear()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(EngineEndedError(reason))
        self._on_down(reason)
