"""Memory, file descriptors, threads, zombies and strays of the sidecar and everything it started."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median
import time
from typing import NoReturn

import psutil

from tests.support.memory import memory_of

from .soak_ledger import Ledger

SAMPLED_EVERY_S = 5.0
WARM_UP_S = 120.0
SHORTEST_S = 600.0
"""A process that ran shorter is shown, not judged: warm-up and chance weigh too much."""

LASTING = frozenset({"sidecar", "capture.worker", "speech.embedded.engine"})
MOST_GROWTH = 0.10
FREE_GROWTH = 3
"""So many descriptors or threads more are no growth: a session or a request may be under way."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a process; memory in MB: what it has written to, and its share of all (PSS)."""

    at: float
    own_mb: float
    pss_mb: float
    fds: int
    threads: int


@dataclass(slots=True)
class Life:
    """A process from its first sample to its last."""

    role: str
    pid: int
    samples: list[Sample] = field(default_factory=list)

    @property
    def lasted_s(self) -> float:
        """Between the first and the last sample."""
        return self.samples[-1].at - self.samples[0].at

    def compared(self, read: Callable[[Sample], float]) -> tuple[float, float]:
        """Return the median in the first quarter after the warm-up, and in the last quarter."""
        warm_up_s = min(WARM_UP_S, self.lasted_s / 4)
        warm = [each for each in self.samples if each.at - self.samples[0].at >= warm_up_s] or self.samples
        quarter = max(1, len(warm) // 4)
        return median(map(read, warm[:quarter])), median(map(read, warm[-quarter:]))


class Processes:
    """Samples the sidecar's whole family every 5 s."""

    def __init__(self, ledger: Ledger) -> None:
        """Note violations in the ledger."""
        self.lives: dict[tuple[int, float], Life] = {}
        self._ledger = ledger
        self._zombies: set[int] = set()

    async def run(self, sidecar_pid: Callable[[], int | None]) -> NoReturn:
        """Sample whichever sidecar runs, for ever."""
        while True:
            if (pid := sidecar_pid()) is not None:
                await asyncio.to_thread(self._look, pid)
            await asyncio.sleep(SAMPLED_EVERY_S)

    def judge(self) -> None:
        """Compare the end of each long-lived process with its beginning."""
        judged = [life for life in self.lives.values() if life.lasted_s >= SHORTEST_S]
        for role in sorted({life.role for life in self.lives.values()} & LASTING - {life.role for life in judged}):
            self._ledger.note(f"No {role} ran for {SHORTEST_S / 60:g} minutes: whether it stays flat is not judged.")
        for life in judged:
            first_mb, last_mb = life.compared(lambda each: each.own_mb)
            if last_mb > first_mb * (1 + MOST_GROWTH):
                self._ledger.violated("memory is flat", f"{life.role}: {first_mb:.1f} → {last_mb:.1f} MB")
            for name, (first, last) in {
                "file descriptors": life.compared(lambda each: each.fds),
                "threads": life.compared(lambda each: each.threads),
            }.items():
                if last > first + max(FREE_GROWTH, first * MOST_GROWTH):
                    self._ledger.violated(f"{name} are flat", f"{life.role}: {first:.0f} → {last:.0f}")

    def _look(self, sidecar_pid: int) -> None:
        zombies = set()
        for process, role in _family(sidecar_pid):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied, OSError):
                if process.status() == psutil.STATUS_ZOMBIE:
                    zombies.add(process.pid)
                    continue
                memory = memory_of(process.pid)
                sample = Sample(
                    time.time(),
                    memory.own,
                    memory.share,
                    process.num_fds(),
                    process.num_threads(),
                )
                key = process.pid, process.create_time()
                self.lives.setdefault(key, Life(role, process.pid)).samples.append(sample)
        for pid in zombies & self._zombies:
            self._ledger.violated("no zombie", f"process {pid} was not reaped within {SAMPLED_EVERY_S:g} s")
        self._zombies = zombies - self._zombies


def _family(sidecar_pid: int) -> Iterator[tuple[psutil.Process, str]]:
    """The sidecar and all its descendants, each with what it does."""
    with suppress(psutil.NoSuchProcess):
        own = psutil.Process(sidecar_pid)
        yield own, "sidecar"
        for child in own.children(recursive=True):
            role = "zombie"
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                modules = [word for word in child.cmdline() if word.startswith("wallflower_sidecar.")]
                role = modules[0].removeprefix("wallflower_sidecar.") if modules else child.name()
            yield child, role
