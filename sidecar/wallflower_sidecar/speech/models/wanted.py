"""The model that the setting asks for: found, fetched, tried again; and which one stands in meanwhile."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace

from .find import BUNDLED_NAME, HubModel, LocalModel, ModelError, find_model
from .items import ModelItem, ModelState
from .library import ModelLibrary
from .retries import spoken


@dataclass(frozen=True, slots=True)
class Choice:
    """What to load now, and what to tell of the model that was asked for.

    Without a `model`, `state` (downloading, no_model or failed), `code` and `detail` say why. `number` grows each time
    the model is to be loaded (again).
    """

    number: int
    name: str | None
    model: LocalModel | None = None
    state: str = "starting"
    code: str = "loading"
    progress: float | None = None
    detail: str | None = None
    stands_in: bool = False


class WantedModel:
    """Follows the setting and tells each Choice; never the network unless the setting names a model of the hub."""

    def __init__(
        self,
        setting: str | None,
        library: ModelLibrary,
        *,
        on_change: Callable[[Choice], None],
    ) -> None:
        """While another model is being fetched, the one that the library has to stand in is chosen."""
        self.choice = Choice(0, setting)
        self._setting = setting
        self._library = library
        self._on_change = on_change
        self._waits: Iterator[float] = library.retries.waits()
        self._news = asyncio.Event()
        self._refused = False

    async def run(self) -> None:
        """Follow the setting until cancelled."""
        unsubscribe = self._library.subscribe(self._installed)
        try:
            while True:
                self._news.clear()
                self._refused = False
                try:
                    found = find_model(self._setting, self._library.models_dir)
                except ModelError as error:
                    self._say(error)
                    await self._wait(next(self._waits))
                    continue
                with self._claim(found):
                    if isinstance(found, HubModel):
                        await self._fetch(found)
                    else:
                        await self._offer(found)
        finally:
            unsubscribe()

    def again(self) -> None:
        """Look for the model anew at once, as if nothing had failed so far."""
        self._waits = self._library.retries.waits()
        if self._setting is not None:
            self._library.retry_now(self._setting)
        self._news.set()

    def accepted(self) -> None:
        """The chosen model works."""
        self._waits = self._library.retries.waits()

    def refused(self, detail: str) -> None:
        """The chosen model cannot be loaded; it is chosen again after a while."""
        model = self.choice.model
        if model is not None and model.folder.parent == self._library.models_dir:
            self._library.note_damaged(model, detail)
        self._refused = True
        self._news.set()

    async def _offer(self, model: LocalModel) -> None:
        self._tell(Choice(self.choice.number + 1, model.name, model))
        await self._news.wait()
        if self._refused:
            self._news.clear()
            await self._wait(next(self._waits))

    async def _fetch(self, model: HubModel) -> None:
        stand_in = self._library.stand_in()
        first = Choice(self.choice.number + 1, model.name, stand_in, stands_in=stand_in is not None)

        def follow(item: ModelItem) -> None:
            if item.name == model.name and not item.installed:
                self._tell(_meanwhile(first, item))

        unsubscribe = self._library.subscribe(follow)
        try:
            follow(self._library.item(model.name))
            await self._library.ensure(model.name)
        finally:
            unsubscribe()

    def _claim(self, found: LocalModel | HubModel) -> AbstractContextManager[None]:
        elsewhere = isinstance(found, LocalModel) and found.folder.parent != self._library.models_dir
        if elsewhere and found.name != BUNDLED_NAME:
            return nullcontext()
        return self._library.claimed(found.name)

    def _installed(self, item: ModelItem) -> None:
        if item.installed and item.name == self._setting:
            self.again()

    def _say(self, error: ModelError) -> None:
        state = "no_model" if error.code == "no_model" else "failed"
        self._tell(Choice(self.choice.number, self._setting, None, state, error.code, detail=str(error)))

    def _tell(self, choice: Choice) -> None:
        if choice != self.choice:
            self.choice = choice
            self._on_change(choice)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()


def _meanwhile(first: Choice, item: ModelItem) -> Choice:
    """The choice while the model that was asked for is under way, or could not be fetched."""
    stand_in = first.model.name if first.model is not None else None
    if item.state is not ModelState.FAILED:
        detail = item.detail if stand_in is None else f"{item.name} is being downloaded; {stand_in} stands in."
        return replace(first, state="downloading", progress=item.progress or 0.0, detail=detail)
    if stand_in is None:
        return replace(first, state="failed", code="download_failed", detail=item.detail)
    again = "" if item.retry_s is None else f", the next try is in {spoken(item.retry_s)}"
    detail = f"{item.name} could not be fetched ({item.reason}); {stand_in} stands in{again}."
    return replace(first, state="failed", code="download_failed", detail=detail)
