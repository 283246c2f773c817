"""What drafts of speech under way cost, and how soon a word can be read with them and without."""

from pathlib import Path
from typing import Any

from tests.support.speech import Track

from .report import percentile, table, write
from .speech_gated import embedded, listen
from .speech_score import first_seen

MOST_P50_S = 1.2
"""Keyword spoken → hit with an `early` rule."""

COLUMNS = ("", "CPU s an hour", "× without", "texts", "drafts", "left out", "word → text p50 s", "p95 s")


async def report(track: Track, models_dir: Path) -> None:
    """Let the embedded engine hear the track in real time without drafts, then with one of everything; print both."""
    rows: list[tuple[object, ...]] = []
    figures: dict[str, dict[str, Any]] = {}
    hours = track.duration_s / 3600
    async with embedded(models_dir) as transcriber:
        for name, drafts in (("finals alone", False), ("with drafts", True)):
            heard, meter = await listen(
                {"porch": track}, transcriber, {"engine": transcriber.pid or 0}, real_time=True, drafts=drafts
            )
            camera = heard["porch"]
            delays = first_seen(track.sentences, [*camera.drafts, *camera.finals])
            figures[name] = {
                "cpu_an_hour_s": meter.total_s / hours,
                "drafts": len(camera.drafts),
                "dropped_drafts": camera.status.dropped_drafts,
                "word_to_text_s": delays,
            }
            ratio = figures[name]["cpu_an_hour_s"] / figures["finals alone"]["cpu_an_hour_s"]
            rows.append(
                (
                    name,
                    f"{meter.total_s / hours:.0f}",
                    ratio,
                    len(camera.finals),
                    len(camera.drafts),
                    camera.status.dropped_drafts,
                    percentile(delays, 0.5),
                    percentile(delays, 0.95),
                )
            )
    table(f"{track.duration_s / 60:.1f} minutes in real time", COLUMNS, rows)
    p50 = percentile(figures["with drafts"]["word_to_text_s"], 0.5)
    print(f"A word can be read {p50:.2f} s after it was spoken (p50, budget {MOST_P50_S:g} s): ", end="")
    print("met" if p50 <= MOST_P50_S else "missed")
    print(f"Written to {write('speech-drafts', figures)}")
