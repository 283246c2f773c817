"""The comparison's tables, its ratios, and the budgets beside what was measured."""

from collections.abc import Sequence
from typing import Any

from tests.support.speech import Track

from .report import percentile, table
from .speech_run import Run
from .speech_score import score

OURS = "embedded"
USUAL = "WhisperLive as its client feeds it"
GATED = "WhisperLive behind our gate"
FLOOR = "faster-whisper offline"

MOST_CPU_PART = 0.1
MOST_P50_S = 1.5
MOST_P95_S = 3.0
MOST_WER_ABOVE_FLOOR = 0.02

COLUMNS = (
    "way",
    "CPU s an hour",
    "÷ WhisperLive",
    "÷ offline",
    "WER %",
    "p50 s",
    "p95 s",
    "no final",
    "phantoms",
    "PSS MB",
)

type Figures = dict[str, dict[str, Any]]
"""What was measured of each way."""


def show_runs(title: str, track: Track, runs: Sequence[Run]) -> Figures:
    """Print a row for each way; returns the figures by the way's name.

    p50 and p95 are from the end of speech to its final, `no final` counts ends of speech without one, and phantoms are
    words where nobody spoke.
    """
    figures = {run.name: _figures(track, run) for run in runs}
    table(title, COLUMNS, [_row(name, figures) for name in figures])
    return figures


def show_budgets(part: Figures, whole: Figures) -> dict[str, bool]:
    """Print each budget, what was measured, and whether it is met."""
    ours, usual, floor = part[OURS], part[USUAL], whole[FLOOR]
    if None in (ours["p50_s"], usual["p50_s"]):
        print("Too little was said in real time to judge: take more minutes.")
        return {}
    p50, p95 = ours["p50_s"], ours["p95_s"]
    ratio = ours["cpu_an_hour_s"] / usual["cpu_an_hour_s"]
    above = whole[OURS]["wer"] - floor["wer"]
    budgets = {
        "CPU, part of WhisperLive's": (ratio, f"≤ {MOST_CPU_PART:g}", ratio <= MOST_CPU_PART),
        "WER %, against WhisperLive's": (
            100 * ours["wer"],
            f"≤ {100 * usual['wer']:.3g}",
            ours["wer"] <= usual["wer"],
        ),
        "WER % on all of it, above offline": (
            100 * above,
            f"≤ {100 * MOST_WER_ABOVE_FLOOR:g}",
            above <= MOST_WER_ABOVE_FLOOR,
        ),
        "end of speech → final, p50 s": (p50, f"≤ {MOST_P50_S:g}", p50 <= MOST_P50_S),
        "end of speech → final, p95 s": (p95, f"≤ {MOST_P95_S:g}", p95 <= MOST_P95_S),
        "p50 s, against WhisperLive's": (p50, f"< {usual['p50_s']:.3g}", p50 < usual["p50_s"]),
        "p95 s, against WhisperLive's": (p95, f"< {usual['p95_s']:.3g}", p95 < usual["p95_s"]),
        "phantom words, all of it": (
            whole[OURS]["phantom_words"],
            "0",
            whole[OURS]["phantom_words"] == 0,
        ),
    }
    rows = [(name, value, bound, "met" if met else "missed") for name, (value, bound, met) in budgets.items()]
    table("Budgets", ("what", "measured", "budget", ""), rows)
    return {name: met for name, (_, _, met) in budgets.items()}


def _figures(track: Track, run: Run) -> dict[str, Any]:
    judged = score(track.sentences, run.finals)
    delays = list(judged.delays) if run.real_time else []
    return {
        "audio_s": run.audio_s,
        "cpu_s": run.cpu_s,
        "cpu_an_hour_s": run.cpu_an_hour_s,
        "wer": judged.wer,
        "words": judged.words,
        "delays_s": delays,
        "p50_s": percentile(delays, 0.5) if delays else None,
        "p95_s": percentile(delays, 0.95) if delays else None,
        "no_final": judged.unheard,
        "phantom_words": judged.phantom_words,
        "peak_mb": run.peak_mb,
        **run.notes,
    }


def _row(name: str, figures: Figures) -> tuple[object, ...]:
    mine = figures[name]
    ratios = [
        mine["cpu_an_hour_s"] / figures[other]["cpu_an_hour_s"] if other in figures else "" for other in (USUAL, FLOOR)
    ]
    return (
        name,
        f"{mine['cpu_an_hour_s']:.0f}",
        *ratios,
        100 * mine["wer"],
        *("" if mine[key] is None else mine[key] for key in ("p50_s", "p95_s")),
        mine["no_final"],
        mine["phantom_words"],
        f"{mine['peak_mb']:.0f}",
    )
