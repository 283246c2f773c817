"""A download in a process of its own, begun again where it was when that process dies."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from wallflower_sidecar.domain.clock import Clock
from wallflower_sidecar.processes.supervised import ChildSpec, SupervisedChild
from wallflower_sidecar.processes.wire import Message

from . import messages as fetch_messages
from .errors import FetchError
from .find import HubModel

FETCHER = ChildSpec("fetcher", "wallflower_sidecar.speech.models.fetcher")
_MOST_DEATHS = 4
"""In a row, without a byte between them."""


class Fetching:
    """One download; `on_progress` is told bytes that have arrived and of how many, `on_wait` that it has to wait.

    It has to wait while another process, such as the command line's, fetches the same model.
    """

    def __init__(
        self,
        model: HubModel,
        models_dir: Path,
        clock: Clock,
        *,
        on_progress: Callable[[int, int], None],
        on_wait: Callable[[], None],
    ) -> None:
        """Nothing happens until `run`."""
        self._model = model
        self._models_dir = models_dir
        self._on_progress = on_progress
        self._on_wait = on_wait
        self._deaths = 0
        self._most_bytes = 0
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._child = SupervisedChild(
            FETCHER, on_message=self._take, on_up=self._begin, on_down=self._mourn, clock=clock
        )

    @property
    def pid(self) -> int | None:
        """The process that downloads, while there is one."""
        return self._child.pid

    async def run(self) -> None:
        """Download until the model is in its place; raises FetchError. Cancelled, it ends the process first."""
        task = asyncio.create_task(self._child.run())
        try:
            await self._done
        finally:
            task.cancel()
            await asyncio.wait((task,))

    def _begin(self) -> None:
        self._child.send(fetch_messages.fetch(self._model, self._models_dir))

    def _take(self, message: Message) -> None:
        match message["t"]:
            case fetch_messages.PROGRESS:
                if message["done"] > self._most_bytes:
                    self._most_bytes = message["done"]
                    self._deaths = 0
                self._on_progress(message["done"], message["total"])
            case fetch_messages.WAITING:
                self._on_wait()
            case fetch_messages.FETCHED:
                self._settle(None)
            case fetch_messages.FAILED:
                self._settle(FetchError(self._model.name, message["reason"], message["advice"]))

    def _mourn(self, reason: str) -> None:
        self._deaths += 1
        if self._deaths >= _MOST_DEATHS:
            advice = "Try again; the log names the cause."
            self._settle(FetchError(self._model.name, f"the download process ended: {reason}", advice))

    def _settle(self, error: FetchError | None) -> None:
        if self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)
