"""Cameras speaking at once through the scheduler and the embedded engine: lag, drops and costs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.speech import Track

from .corpus import Shape, build
from .report import table, write
from .speech_gated import SELF, CameraHeard, embedded, listen
from .speech_run import spread

TALKATIVE = Shape(share=0.4, longest_sound_s=4.0, gap_s=1.5, recordings=False)
"""Ordinary talk: 40 % of the time somebody speaks."""

PATIENCE_S = 30.0

COLUMNS = (
    "cameras",
    "cut",
    "texts",
    "p50 s",
    "p95 s",
    "max s",
    "waiting s",
    "dropped s",
    "drafts",
    "left out",
    "engine busy %",
    "gates %",
    "engine PSS MB",
)


async def measure(counts: Sequence[int], seconds: float, models_dir: Path, *, drafts: bool) -> list[dict[str, Any]]:
    """Let so many cameras speak for so long, each count after the other; returns a row for each."""
    rows: list[dict[str, Any]] = []
    async with embedded(models_dir) as transcriber:
        for count in counts:
            tracks = {f"camera-{number}": build(seconds / 60, seed=number, shape=TALKATIVE) for number in range(count)}
            heard, meter = await listen(
                tracks,
                transcriber,
                {"engine": transcriber.pid or 0},
                real_time=True,
                drafts=drafts,
                patience_s=PATIENCE_S,
            )
            lags = [lag_s for camera in heard.values() for lag_s in _lags(camera)]
            row = {
                "cameras": count,
                "utterances": sum(len(camera.finals) for camera in heard.values()),
                "speech_share": sum(map(_spoken_s, tracks.values())) / (count * seconds),
                "lags_s": lags,
                "waiting_s": sum(camera.waiting_s for camera in heard.values()),
                "dropped_s": sum(camera.status.dropped_s for camera in heard.values()),
                "drafts": sum(len(camera.drafts) for camera in heard.values()),
                "dropped_drafts": sum(camera.status.dropped_drafts for camera in heard.values()),
                "engine_percent": 100 * meter.cpu_s["engine"] / meter.wall_s,
                "gates_percent": 100 * meter.cpu_s[SELF] / meter.wall_s,
                "engine_mb": meter.peak_mb["engine"],
            }
            print(
                f"  {count} cameras: {row['utterances']} utterances, lag at most {max(lags, default=0):.1f} s",
                flush=True,
            )
            rows.append(row)
    return rows


async def report(counts: Sequence[int], seconds: float, models_dir: Path, *, drafts: bool) -> None:
    """Measure, print the table, write the figures."""
    rows = await measure(counts, seconds, models_dir, drafts=drafts)
    show(rows, seconds)
    print(f"Written to {write('speech-cameras', {'seconds': seconds, 'rows': rows})}")


def show(rows: Sequence[dict[str, Any]], seconds: float) -> None:
    """Print the table.

    `cut` are the gate's utterances, `texts` those with words, p50, p95 and max their lag from end of speech to text,
    and `waiting` is speech without a text when the sound ended.
    """
    shown = [
        (
            row["cameras"],
            row["utterances"],
            len(row["lags_s"]),
            *spread(row["lags_s"]),
            row["waiting_s"],
            row["dropped_s"],
            row["drafts"],
            row["dropped_drafts"],
            row["engine_percent"],
            row["gates_percent"],
            row["engine_mb"],
        )
        for row in rows
    ]
    share = 100 * sum(row["speech_share"] for row in rows) / len(rows)
    table(
        f"Cameras at once, {seconds:.0f} s in real time, {share:.0f} % speech, handed to the gates of capture",
        COLUMNS,
        shown,
    )


def _lags(camera: CameraHeard) -> list[float]:
    """Seconds from the end of each utterance to its text; one that was noise has none."""
    return [final.at_s - final.end_s for final in camera.finals if final.text and final.at_s is not None]


def _spoken_s(track: Track) -> float:
    return sum(sentence.end_s - sentence.start_s for sentence in track.sentences)
