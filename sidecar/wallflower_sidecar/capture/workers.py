"""The capture workers, and which stream belongs to which."""

import asyncio
from collections.abc import Callable, Iterator
import itertools
from typing import NoReturn

from ..domain.clock import Clock
from .link import WorkerLink
from .messages import Frame
from .stream.attempt import Carrier

STREAMS_PER_WORKER = 30


class Workers:
    """One at least; another for every 30 streams, which ends when the last of them has left."""

    def __init__(
        self,
        clock: Clock,
        numbers: Iterator[int],
        *,
        on_up: Callable[[WorkerLink], None],
        on_frame: Callable[[Frame], None],
        streams_per_worker: int = STREAMS_PER_WORKER,
    ) -> None:
        """Have one, which is not started yet."""
        self._clock = clock
        self._numbers = numbers
        self._on_up = on_up
        self._on_frame = on_frame
        self._streams_per_worker = streams_per_worker
        self._names = itertools.count(1)
        self._tasks: dict[WorkerLink, asyncio.Task[NoReturn] | None] = {}
        self._used: set[WorkerLink] = set()
        self._retiring: set[WorkerLink] = set()
        self._former_restarts = 0
        self._group: asyncio.TaskGroup | None = None
        self.add()

    def start(self, group: asyncio.TaskGroup) -> None:
        """Run them, and those to come, as tasks of `group`; what ran in a group before is gone."""
        self._group = group
        for link in self._tasks:
            link.forget_sessions()
            self._tasks[link] = group.create_task(link.child.run(), name=link.child.spec.name)

    def stop(self) -> None:
        """Start no more; the group ends those that run."""
        self._group = None

    @property
    def all(self) -> tuple[WorkerLink, ...]:
        """Every worker, the oldest first."""
        return tuple(self._tasks)

    @property
    def staying(self) -> list[WorkerLink]:
        """Those that are not being replaced, the oldest first."""
        return [link for link in self._tasks if link not in self._retiring]

    @property
    def down(self) -> list[WorkerLink]:
        """Those that are missed: they do not run, and streams wait for them, or it is the only one."""
        return [link for link in self._tasks if not link.child.up and (link.streams or len(self._tasks) == 1)]

    @property
    def restarts(self) -> int:
        """How often a worker was started again."""
        return self._former_restarts + sum(link.child.restarts for link in self._tasks)

    @property
    def first(self) -> WorkerLink:
        """One that is there to stay, best one that runs."""
        staying = self.staying
        return next((link for link in staying if link.child.up), staying[0])

    def of(self, stream_id: str) -> WorkerLink | None:
        """The worker that a stream belongs to."""
        return next((link for link in self._tasks if stream_id in link.streams), None)

    def behind(self, line: Carrier | None) -> WorkerLink | None:
        """The worker that a session's line leads to."""
        return next((link for link in self._tasks if link is line), None)

    def place(self, stream_id: str) -> WorkerLink:
        """Return a worker with room for a stream, which belongs there from now on."""
        link = next((link for link in self.staying if len(link.streams) < self._streams_per_worker), None) or self.add()
        link.streams.add(stream_id)
        return link

    def leave(self, stream_id: str) -> None:
        """A stream is gone."""
        for link in self._tasks:
            link.streams.discard(stream_id)

    def add(self) -> WorkerLink:
        """Start another."""
        link = WorkerLink(f"capture-{next(self._names)}", self._clock, self._numbers)
        link.on_up = lambda: self._on_up(link)
        link.on_frame = self._on_frame
        name = link.child.spec.name
        self._tasks[link] = self._group.create_task(link.child.run(), name=name) if self._group else None
        return link

    def retire(self, link: WorkerLink) -> None:
        """Give it no more streams; it ends when the last has left."""
        self._retiring.add(link)

    def end_idle(self) -> None:
        """End those whose streams have left; none is interrupted in its work."""
        keep = self.first
        self._used.update(link for link in self._tasks if link.streams)
        for link in (self._used | self._retiring) - {keep}:
            if link.is_empty and link.is_idle and (task := self._tasks.pop(link, None)):
                self._used.discard(link)
                self._retiring.discard(link)
                self._former_restarts += link.child.restarts
                task.cancel()
