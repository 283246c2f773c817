"""A wall clock that a test steps for whole processes; the machine's own is left alone.

The processes run with this folder on PYTHONPATH: its sitecustomize.py has their SystemClock add the offset that stands
in a file. Everything below that, arrival of packets included, is real.
"""

from dataclasses import dataclass
from pathlib import Path
import time

FILE_VARIABLE = "STEPPED_CLOCK_FILE"


@dataclass(frozen=True, slots=True)
class Step:
    """From `at` (true seconds since 1970) on the clock is `offset_s` ahead."""

    at: float
    offset_s: float


class SteppedClock:
    """Steps the clock of all processes that run with its environment, at once."""

    def __init__(self, folder: Path) -> None:
        """Begin with the true time."""
        self._file = folder / "clock-offset"
        self.steps: list[Step] = []
        self._write(0.0)

    @property
    def environment(self) -> dict[str, str]:
        """What the processes need."""
        return {"PYTHONPATH": str(Path(__file__).resolve().parent), FILE_VARIABLE: str(self._file)}

    @property
    def offset_s(self) -> float:
        """How far it is ahead now."""
        return self.steps[-1].offset_s

    def step(self, seconds: float) -> None:
        """Put the clock forward, or back."""
        self._write(self.offset_s + seconds)

    def offset_at(self, at: float) -> float:
        """How far it was ahead at a true time (seconds since 1970)."""
        return next((step.offset_s for step in reversed(self.steps) if step.at <= at), 0.0)

    def _write(self, offset_s: float) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(repr(offset_s))
        new.replace(self._file)
        self.steps.append(Step(time.time(), offset_s))
