"""Figures as a table for people and as JSON for programs."""

from collections.abc import Sequence
import json
from pathlib import Path
import platform
from typing import Any

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).resolve().parents[1] / ".cache" / "bench"


def percentile(values: Sequence[float], part: float) -> float:
    """Return the smallest value that `part` (0–1) of all values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, min(len(ranked) - 1, round(part * len(ranked) + 0.5) - 1))]


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; numbers with three digits after the point at most."""
    shown = Table(title=title)
    for number, column in enumerate(columns):
        shown.add_column(column, justify="left" if number == 0 else "right")
    for row in rows:
        shown.add_row(*(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row))
    Console(width=140).print(shown)


def write(name: str, figures: dict[str, Any]) -> Path:
    """Write the figures as JSON beside what machine made them; returns the file."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = RESULTS / f"{name}.json"
    machine = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
    }
    file.write_text(json.dumps({"machine": machine, **figures}, indent=2) + "\n")
    return file
