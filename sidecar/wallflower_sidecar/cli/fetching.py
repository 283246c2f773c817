"""A download of the command's own, with a progress bar or, where nobody watches a terminal, a line now and then."""

import asyncio

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ..speech.models.items import ModelItem, ModelState
from ..speech.models.library import ModelLibrary
from .common import to_watcher
from .listening import at_work

_LINE_EVERY = 0.1


async def fetch(library: ModelLibrary, name: str) -> ModelItem:
    """Download a model, once, showing how far it is; returns what became of it."""
    over = asyncio.Event()
    console = to_watcher()
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        watch = _Watch(bar, name)

        def follow(item: ModelItem) -> None:
            if item.name == name and item.state is ModelState.DOWNLOADING:
                watch.show(item)
            elif item.name == name:
                over.set()

        unsubscribe = library.subscribe(follow)
        try:
            async with at_work(library.run()):
                library.start(name)
                await over.wait()
        finally:
            unsubscribe()
    return library.item(name)


class _Watch:
    """Shows a download as it goes on."""

    def __init__(self, bar: Progress, name: str) -> None:
        self._bar = bar
        self._name = name
        self._task: TaskID | None = None
        self._next_line = 0.0

    def show(self, item: ModelItem) -> None:
        """Show how far it is."""
        progress = item.progress or 0.0
        words = item.detail or self._name
        if self._bar.disable:
            if progress >= self._next_line or item.detail:
                self._bar.console.print(f"{words}: {progress:.0%} of {item.bytes / 1e6:,.0f} MB", markup=False)
                self._next_line = progress + _LINE_EVERY
            return
        if self._task is None:
            self._task = self._bar.add_task(words, total=item.bytes)
        self._bar.update(self._task, description=words, total=item.bytes, completed=progress * item.bytes)
