"""A capture worker that has grown too large is replaced: its streams move to a new one, one by one, without a gap."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import logging
from pathlib import Path
import resource

from ..domain.clock import Clock
from .link import WorkerLink
from .stream.stream_capture import StreamCapture
from .workers import Workers

MB = 1_000_000

_MOVE_S = 30.0
"""A stream that has not moved by then is not waited for."""

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MemoryBound:
    """Resident bytes that a worker may take, read every `every_s` seconds; after a replacement not for `pause_s`.

    30 cameras pulled whole take 307 MB (research/capture.md 6). The ring of a stream recorded by keyword holds what is
    kept from before a hit: 45 s of 3 Mb/s are 17 MB.
    """

    base: int = 400 * MB
    per_stream: int = 20 * MB
    every_s: float = 30.0
    pause_s: float = 600.0

    def of(self, streams: int) -> int:
        """The bound for a worker with so many streams."""
        return self.base + streams * self.per_stream


class Replacement:
    """Watches the workers' memory; `tick` is called several times a second."""

    def __init__(
        self,
        workers: Workers,
        clock: Clock,
        bound: MemoryBound | None = None,
        memory_of: Callable[[int], int | None] | None = None,
    ) -> None:
        """`memory_of` tells the resident bytes of a process, None when it is gone."""
        self.replaced = 0
        """How many workers were replaced."""

        self._workers = workers
        self._clock = clock
        self._bound = bound or MemoryBound()
        self._memory_of = memory_of or resident_bytes
        self._look_s = clock.monotonic() + self._bound.every_s
        self._old: WorkerLink | None = None
        self._new: WorkerLink | None = None
        self._moving: tuple[str, float] | None = None

    def tick(self, captures: Mapping[str, StreamCapture]) -> None:
        """Look at the workers, or go on with the replacement of one."""
        if self._old is not None and self._new is not None:
            self._go_on(self._old, self._new, captures)
        elif self._clock.monotonic() >= self._look_s:
            self._look_s = self._clock.monotonic() + self._bound.every_s
            self._look()

    def _look(self) -> None:
        for link in self._workers.staying:
            pid, streams = link.child.pid, len(link.streams)
            used = self._memory_of(pid) if pid is not None and link.child.up else None
            if used is not None and used > self._bound.of(streams):
                self._old, self._new = link, self._workers.add()
                self._workers.retire(link)
                text = "[%s] takes %d MB for %d streams, more than %d MB; [%s] replaces it"
                names = link.child.spec.name, self._new.child.spec.name
                _LOGGER.warning(text, names[0], used // MB, streams, self._bound.of(streams) // MB, names[1])
                return

    def _go_on(self, old: WorkerLink, new: WorkerLink, captures: Mapping[str, StreamCapture]) -> None:
        now_s = self._clock.monotonic()
        if not new.child.up or self._is_moving(old, captures, now_s):
            return
        if old.streams:
            stream = min(old.streams)
            old.streams.discard(stream)
            if stream in captures:
                new.streams.add(stream)
                captures[stream].move_to(new)
                self._moving = stream, now_s
        else:
            self.replaced += 1
            self._old = self._new = None
            self._look_s = now_s + self._bound.pause_s
            _LOGGER.info("[%s] is replaced", old.child.spec.name)

    def _is_moving(self, old: WorkerLink, captures: Mapping[str, StreamCapture], now_s: float) -> bool:
        if self._moving is None:
            return False
        stream, since_s = self._moving
        return stream in captures and captures[stream].uses(old) and now_s - since_s <= _MOVE_S


def resident_bytes(pid: int) -> int | None:
    """The memory of a process that is in use now; None when it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except OSError, ValueError, IndexError:
        return None
    return pages * resource.getpagesize()
