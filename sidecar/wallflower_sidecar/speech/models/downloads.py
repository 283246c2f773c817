"""The line of downloads: one after the other, each in a child process, and what became of the last of each model."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
import logging
from pathlib import Path

from wallflower_sidecar.domain.clock import Clock

from .errors import FetchError
from .fetching import Fetching
from .find import HUB_MODELS, HubModel

_LOGGER = logging.getLogger(__name__)


@dataclass(slots=True)
class Download:
    """One try to download a model, from the moment it is asked for; bytes that have arrived, and of how many.

    `retry_s` is set by whoever tries again after an `error`, and `superseded` when the next try begins.
    """

    name: str
    done: int = 0
    total: int = 0
    task: asyncio.Task[None] | None = None
    waits_for_another_process: bool = False
    error: FetchError | None = None
    retry_s: float | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    superseded: asyncio.Event = field(default_factory=asyncio.Event)


class Downloads:
    """At most one download of each model is known: the one under way, or the last one."""

    def __init__(self, models_dir: Path, clock: Clock, on_change: Callable[[str], None]) -> None:
        """`run` does the work; `on_change` is told the name of a model whose download began, went on or ended."""
        self._models_dir = models_dir
        self._clock = clock
        self._on_change = on_change
        self._downloads: dict[str, Download] = {}
        self._asked = asyncio.Event()
        self._fetching: Fetching | None = None

    @property
    def pid(self) -> int | None:
        """The process that downloads, while there is one."""
        return self._fetching.pid if self._fetching else None

    @property
    def running(self) -> str | None:
        """The model that is being downloaded now; those that wait in line are not."""
        return next((each.name for each in self._under_way() if each.task is not None), None)

    def names(self) -> list[str]:
        """The models of which a download is known."""
        return list(self._downloads)

    def find(self, name: str) -> Download | None:
        """The download of a model, under way or over."""
        return self._downloads.get(name)

    def add(self, name: str) -> Download:
        """Put a model in line unless its download is under way."""
        download = self._downloads.get(name)
        if download is None or download.over.is_set():
            if download is not None:
                download.superseded.set()
            download = self._downloads[name] = Download(name)
            self._asked.set()
            self._on_change(name)
        return download

    def cancel(self, name: str) -> None:
        """Stop a download that is under way; what has arrived is kept."""
        download = self._downloads.get(name)
        if download is not None and not download.over.is_set():
            del self._downloads[name]
            if download.task is not None:
                download.task.cancel()
            else:
                download.over.set()
            self._on_change(name)

    def forget(self, name: str) -> None:
        """Forget a download that is over."""
        self._downloads.pop(name, None)

    async def run(self) -> None:
        """Download what is asked for until cancelled."""
        try:
            while True:
                self._asked.clear()
                download = next(self._under_way(), None)
                if download is None:
                    await self._asked.wait()
                else:
                    await self._run_one(download)
        finally:
            for name in self.names():
                self.cancel(name)

    def _under_way(self) -> Iterator[Download]:
        return (each for each in self._downloads.values() if not each.over.is_set())

    async def _run_one(self, download: Download) -> None:
        download.task = asyncio.create_task(self._download(download))
        try:
            await asyncio.wait((download.task,))
        finally:
            download.task.cancel()
            await asyncio.wait((download.task,))
            download.over.set()
            self._on_change(download.name)

    async def _download(self, download: Download) -> None:
        def progress(done: int, total: int) -> None:
            download.done, download.total, download.waits_for_another_process = done, total, False
            self._on_change(download.name)

        def wait() -> None:
            download.waits_for_another_process = True
            self._on_change(download.name)

        model = HubModel(download.name, HUB_MODELS[download.name])
        self._fetching = Fetching(model, self._models_dir, self._clock, on_progress=progress, on_wait=wait)
        _LOGGER.info("%s is being downloaded", download.name)
        try:
            await self._fetching.run()
        except FetchError as error:
            _LOGGER.warning("%s", error)
            download.error = error
        except Exception:  # of one download, which must not end the others
            _LOGGER.exception("the download of %s failed", download.name)
            download.error = FetchError(download.name, "something unexpected happened", "The log has the cause.")
        else:
            _LOGGER.info("%s is downloaded and whole", download.name)
        finally:
            self._fetching = None
