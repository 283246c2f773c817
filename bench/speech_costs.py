"""CPU seconds and memory of the processes that recognise speech, the benchmark's own measuring left out."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
import os
import time
from types import TracebackType
from typing import Self

import psutil

SAMPLED_EVERY_S = 2.0


class Meter:
    """Counts CPU and watches memory within an `async with` block.

    `pids` names the processes; what they start counts as theirs. PSS is sampled every 2 s and at the end, and what
    that costs this process is not counted. The CPU of a process that ends within the block is not known here.
    """

    def __init__(self, pids: Mapping[str, int]) -> None:
        """Count for these processes."""
        self.cpu_s: dict[str, float] = {}
        """CPU seconds (user and system) of each, once the block has ended."""
        self.peak_mb: dict[str, float] = dict.fromkeys(pids, 0.0)
        """Most PSS seen of each, in MB."""
        self.wall_s = 0.0
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._own_s = 0.0
        self._before: dict[str, float] = {}
        self._began = 0.0
        self._sampling: asyncio.Task[None] | None = None

    @property
    def total_s(self) -> float:
        """CPU seconds of all."""
        return sum(self.cpu_s.values())

    async def __aenter__(self) -> Self:
        """Start counting."""
        self._sampling = asyncio.create_task(self._sample(), name="memory of the recogniser")
        self._before = self._read()
        self._own_s = 0.0
        self._began = time.monotonic()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop counting."""
        self.wall_s = time.monotonic() - self._began
        after = self._read()
        self.cpu_s = {name: used - self._before[name] for name, used in after.items()}
        if self._sampling is not None:
            self._sampling.cancel()
            with suppress(asyncio.CancelledError):
                await self._sampling
        if error is None:
            self._look()

    def _read(self) -> dict[str, float]:
        used: dict[str, float] = {}
        for name, process in self._processes.items():
            with suppress(psutil.NoSuchProcess):
                used[name] = time.process_time() - self._own_s if process.pid == os.getpid() else self._cpu_s(process)
        return used

    async def _sample(self) -> None:
        while True:
            began = time.thread_time()
            self._look()
            self._own_s += time.thread_time() - began
            await asyncio.sleep(SAMPLED_EVERY_S)

    def _look(self) -> None:
        for name, process in self._processes.items():
            with suppress(psutil.NoSuchProcess):
                self.peak_mb[name] = max(self.peak_mb[name], process.memory_full_info().pss / 1e6)

    def _cpu_s(self, process: psutil.Process) -> float:
        """CPU of a process and of all it started, ended or not, but for those that are counted by themselves."""
        used = float(sum(process.cpu_times()[:4]))
        apart = {each.pid for each in self._processes.values()}
        for child in process.children(recursive=True):
            if child.pid not in apart:
                with suppress(psutil.NoSuchProcess):
                    used += sum(child.cpu_times()[:2])
        return used
