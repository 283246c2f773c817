"""The models of this installation: what is here, what can be had, what is being downloaded."""

import asyncio
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from wallflower_sidecar.domain.clock import Clock
from wallflower_sidecar.domain.errors import ConflictError, NotFoundError

from . import items as model_items
from .download import partial_folders, remove_model
from .downloads import Download, Downloads
from .errors import FetchError
from .find import HUB_MODELS, LocalModel, bundled_if_installed
from .items import ModelItem, ModelState
from .lock import FetchLock
from .retries import Retries, spoken


class ModelLibrary:
    """Tells of every model, and has downloaded only what was asked for."""

    def __init__(
        self, models_dir: Path, clock: Clock, *, retries: Retries | None = None, stands_in: bool = True
    ) -> None:
        """Look after a folder of models; `run` does the downloading.

        With `stands_in` the bundled model may work while another is being fetched.
        """
        self.models_dir = models_dir
        self.retries = retries or Retries()
        self._stands_in = stands_in
        self._downloads = Downloads(models_dir, clock, self._tell)
        self._damaged: dict[str, tuple[tuple[int, ...], str]] = {}
        self._claims: Counter[str] = Counter()
        self._listeners: list[Callable[[ModelItem], None]] = []
        self._told: dict[str, ModelItem] = {}

    @property
    def fetcher_pid(self) -> int | None:
        """The process that downloads, while there is one."""
        return self._downloads.pid

    async def run(self) -> None:
        """Download what is asked for until cancelled."""
        await self._downloads.run()

    def items(self) -> list[ModelItem]:
        """Every model: those that can be downloaded first, then other folders in the folder of models."""
        return [self._item(name) for name in model_items.names(self.models_dir)]

    def item(self, name: str) -> ModelItem:
        """One model; raises NotFoundError."""
        if name not in model_items.names(self.models_dir):
            raise NotFoundError(f"There is no model of this name. Known are: {', '.join(HUB_MODELS)}.")
        return self._item(name)

    def unfinished(self) -> list[ModelItem]:
        """The models whose download is under way or failed."""
        shown = {ModelState.DOWNLOADING, ModelState.FAILED}
        return [item for item in map(self._item, self._downloads.names()) if item.state in shown]

    def stand_in(self) -> LocalModel | None:
        """The model that may work while another is being fetched, None without one."""
        return bundled_if_installed() if self._stands_in else None

    def subscribe(self, on_change: Callable[[ModelItem], None]) -> Callable[[], None]:
        """Call `on_change` when a download's state or its whole per cent changes; returns what ends that."""
        self._listeners.append(on_change)
        return lambda: self._listeners.remove(on_change)

    def start(self, name: str) -> ModelItem:
        """Ask for a model; one that is under way is left so. Raises NotFoundError, ConflictError (it is here)."""
        if self.item(name).installed:
            raise ConflictError(f"{name} is installed already.")
        if name not in HUB_MODELS:
            raise ConflictError(f"{name} was put here by hand and cannot be downloaded; put it there again.")
        self._downloads.add(name)
        return self._item(name)

    def cancel(self, name: str) -> None:
        """Stop a download; what has arrived is kept. Does nothing when none is under way."""
        self._downloads.cancel(name)

    async def remove(self, name: str) -> None:
        """Remove a model and what has arrived of one; raises NotFoundError, ConflictError (in use, bundled)."""
        item = self.item(name)
        if item.in_use:
            raise ConflictError(f"{name} is in use; name another model in MODEL first.")
        download = self._downloads.find(name)
        if download is not None:
            self._downloads.cancel(name)
            await download.over.wait()
            self._downloads.forget(name)
        elif item.bundled and not partial_folders(name, self.models_dir):
            raise ConflictError(f"{name} is part of the installation and cannot be removed.")
        elif item.state is ModelState.AVAILABLE and item.detail is None:
            raise NotFoundError(f"{name} is not installed.")
        await asyncio.to_thread(self._remove_files, name)
        self._tell(name)

    async def ensure(self, name: str) -> None:
        """Download a model of the hub unless it is here, again after each failure until it is."""
        waits = self.retries.waits()
        while not self._item(name).installed:
            download = self._downloads.add(name)
            await download.over.wait()
            if download.error is None:
                continue
            download.retry_s = next(waits)
            self._tell(name)
            with suppress(TimeoutError):
                async with asyncio.timeout(download.retry_s):
                    await download.superseded.wait()

    def retry_now(self, name: str) -> None:
        """End the wait of an `ensure` whose last download failed."""
        if (download := self._downloads.find(name)) is not None:
            download.superseded.set()

    @contextmanager
    def claimed(self, name: str) -> Generator[None]:
        """Keep a model from being removed within the block."""
        self._claims[name] += 1
        try:
            yield
        finally:
            self._claims[name] -= 1

    def note_damaged(self, model: LocalModel, detail: str) -> None:
        """Remember that a model's files cannot be used, until they change."""
        self._damaged[model.name] = (model_items.stamp(model.folder), detail)
        self._tell(model.name)

    def _remove_files(self, name: str) -> None:
        lock = FetchLock(self.models_dir, name)
        if not lock.acquire():
            raise ConflictError(f"Another process is downloading {name} or removing it.")
        try:
            remove_model(name, self.models_dir)
        finally:
            lock.release()

    def _item(self, name: str) -> ModelItem:
        item = replace(model_items.on_disk(name, self.models_dir), in_use=self._claims[name] > 0)
        download = self._downloads.find(name)
        if download is not None and not download.over.is_set():
            return self._under_way(item, download)
        if item.installed and not item.bundled:
            item = self._as_noted(item)
        if download is not None and download.error is not None and not item.installed:
            return _failed(item, download.error, download.retry_s)
        return item

    def _as_noted(self, item: ModelItem) -> ModelItem:
        noted, detail = self._damaged.get(item.name, ((), ""))
        if noted and noted == model_items.stamp(self.models_dir / item.name):
            return replace(item, state=ModelState.DAMAGED, detail=detail)
        return item

    def _under_way(self, item: ModelItem, download: Download) -> ModelItem:
        detail = None
        if download.waits_for_another_process:
            detail = f"Another process is downloading {item.name}."
        elif download.task is None and (other := self._downloads.running) is not None:
            detail = f"It waits until {other} is downloaded."
        return replace(
            item,
            state=ModelState.DOWNLOADING,
            bytes=download.total or item.bytes,
            progress=int(100 * download.done / download.total) / 100 if download.total else 0.0,
            detail=detail,
        )

    def _tell(self, name: str) -> None:
        item = self._item(name)
        if self._told.get(name) != item:
            self._told[name] = item
            for listener in tuple(self._listeners):
                listener(item)


def _failed(item: ModelItem, error: FetchError, retry_s: float | None) -> ModelItem:
    again = "" if retry_s is None else f" The next try is in {spoken(retry_s)}."
    return replace(item, state=ModelState.FAILED, detail=f"{error}{again}", reason=error.reason, retry_s=retry_s)
