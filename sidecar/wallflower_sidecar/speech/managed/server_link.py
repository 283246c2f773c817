"""The sidecar's end of the keeper of a WhisperLive server: what it serves, and what ends with it."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
import secrets
import sys
from typing import Any

from wallflower_sidecar.domain.clock import Clock
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.processes.supervised import ChildSpec, SupervisedChild
from wallflower_sidecar.processes.wire import Message

from ..models.find import LocalModel
from . import messages

KEEPER = ChildSpec("whisperlive", "wallflower_sidecar.speech.managed.keeper")

LAST_WORDS_S = 3.0
"""How long after a client lost its connection the keeper may take to tell that the server ended."""


class ServerEndedError(Exception):
    """The server ended before it answered."""


class ServerLink:
    """A keeper and the server of the model it was last told of."""

    def __init__(
        self,
        clock: Clock,
        *,
        on_state: Callable[[Message], None],
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
    ) -> None:
        """`on_state` is told the keeper's states of the present model, `on_up` each keeper, `on_down(why)` its end."""
        self.token = secrets.token_urlsafe(32)
        """What the server asks of a client."""
        self._number = 0
        self._ended = asyncio.Event()
        self._on_state = on_state
        self._on_down = on_down
        self.child = SupervisedChild(KEEPER, on_message=self._take, on_up=on_up, on_down=self._mourn, clock=clock)

    def serve(
        self, number: int, model: LocalModel, *, python: Path | None, folder: Path, threads: int, max_clients: int
    ) -> None:
        """Have the keeper that has just come up serve a model; `python` None is this interpreter."""
        self._number = number
        options = messages.ServerOptions(str(python or sys.executable), folder, threads, max_clients, self.token)
        self.child.send(messages.serve(number, model, options))

    async def unless_it_ends[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work of a client; raises ServerEndedError if the server ends meanwhile."""
        task = asyncio.create_task(work)
        ended = asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait((task, ended), return_when=asyncio.FIRST_COMPLETED)
            if task.done() and isinstance(task.exception(), TranscriberUnavailableError):
                await asyncio.wait((ended,), timeout=LAST_WORDS_S)  # the client may notice before the keeper tells
            if ended.done():
                raise ServerEndedError
            return task.result()
        finally:
            task.cancel()
            ended.cancel()
            await asyncio.wait((task, ended))

    def _take(self, message: Message) -> None:
        if message["number"] != self._number:
            return
        if message["state"] == "listening":
            self._ended.clear()
        else:
            self._ended.set()
        self._on_state(message)

    def _mourn(self, reason: str) -> None:
        self._ended.set()
        self._on_down(reason)
