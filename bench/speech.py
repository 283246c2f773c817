"""The same stream through the embedded engine, WhisperLive and faster-whisper offline; 1 to 16 cameras at once.

All with the same tiny.en, int8, on this machine, one after the other. In real time, on the first minutes of the
stream: the embedded engine behind the gate, a WhisperLive server fed as its own client feeds it, and that server
behind our gate and client. As fast as it goes, on the whole stream: the embedded engine, and faster-whisper offline.
CPU counts from when the model is loaded; of WhisperLive's own way only the server's does, of ours also the gate's,
the scheduler's and the feeding itself.
"""

import argparse
import asyncio
from collections.abc import Mapping
import logging
from pathlib import Path
import sys
import tempfile
from typing import Any

from tests.support.speech import SAMPLE_RATE, Track
from tests.support.whisperlive import PYTHON as WHISPERLIVE_PYTHON, WhisperLiveServer
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.speech.models.find import bundled_model
from wallflower_sidecar.speech.transcriber import Transcriber
from wallflower_sidecar.speech.whisperlive.transcriber import WhisperLiveTranscriber

from . import speech_cameras, speech_drafts, speech_rtsp
from .corpus import build
from .report import write
from .speech_gated import at_work, embedded, listen
from .speech_offline import run_offline
from .speech_report import FLOOR, GATED, OURS, USUAL, show_budgets, show_runs
from .speech_run import Run
from .speech_whisperlive import run_whisperlive

MINUTES, REAL_TIME_MINUTES, CAMERA_SECONDS = 10.0, 3.0, 60.0
QUICK_MINUTES, QUICK_REAL_TIME_MINUTES, QUICK_CAMERA_SECONDS = 2.0, 0.5, 20.0
CONNECTION_S = 7200.0


def beginning(track: Track, minutes: float) -> Track:
    """The first minutes of a stream, up to 3 s later if somebody speaks there."""
    length_s = min(minutes * 60, track.duration_s)
    for sentence in track.sentences:
        if sentence.start_s - 1 < length_s < sentence.end_s + 3:
            length_s = min(sentence.end_s + 3, track.duration_s)
    sentences = tuple(sentence for sentence in track.sentences if sentence.end_s < length_s)
    return Track(track.samples[: round(length_s * SAMPLE_RATE)], sentences)


async def compare(whole: Track, part: Track, models_dir: Path) -> tuple[list[Run], list[Run]]:
    """Run every way; returns those on the part, of which only the floor is not in real time, and those on the whole."""
    model = bundled_model().folder
    on_part, on_whole = [], []
    async with embedded(models_dir) as transcriber:
        pids = {"engine": transcriber.pid or 0}
        on_part.append(told(await _gated(OURS, part, transcriber, pids, real_time=True)))
        on_whole.append(told(await _gated(OURS, whole, transcriber, pids, real_time=False)))
    async with WhisperLiveServer(model=model, max_connection_time=CONNECTION_S) as server:
        on_part.append(told(await run_whisperlive(USUAL, part, server)))
    async with WhisperLiveServer(model=model, max_connection_time=CONNECTION_S) as server:
        client = WhisperLiveTranscriber(server.url, token=server.token, clock=SystemClock(), language="en")
        async with at_work(client):
            pids = {"WhisperLive": server.process.pid}
            on_part.append(told(await _gated(GATED, part, client, pids, real_time=True)))
    on_part.append(told(await run_offline(FLOOR, part, model)))
    on_whole.append(told(await run_offline(FLOOR, whole, model)))
    return on_part, on_whole


def told(run: Run) -> Run:
    """Say that a run is over."""
    print(f"  {run.name}: {run.audio_s:.0f} s of sound took {sum(run.cpu_s.values()):.1f} CPU s", flush=True)
    return run


async def _gated(name: str, track: Track, transcriber: Transcriber, pids: Mapping[str, int], *, real_time: bool) -> Run:
    heard, meter = await listen({"porch": track}, transcriber, pids, real_time=real_time)
    camera, peak_mb = heard["porch"], sum(meter.peak_mb[name] for name in pids)
    notes = {"dropped_s": camera.status.dropped_s, "suppressed": camera.status.suppressed}
    return Run(name, track.duration_s, camera.finals, meter.cpu_s, peak_mb, real_time, notes)


async def side_by_side(minutes: float, real_time_minutes: float, models_dir: Path) -> None:
    """The comparison, its tables, and its budgets."""
    if not WHISPERLIVE_PYTHON.exists():
        sys.exit("There is no WhisperLive to compare with: run script/setup.")
    whole = build(minutes)
    part = beginning(whole, real_time_minutes)
    print(
        f"{whole.duration_s / 60:.1f} min, {len(whole.sentences)} sentences, {spoken_percent(whole):.0f} % speech; ",
        end="",
    )
    print(f"in real time the first {part.duration_s / 60:.1f} min, {len(part.sentences)}, {spoken_percent(part):.0f} %")
    on_part, on_whole = await compare(whole, part, models_dir)
    figures: dict[str, Any] = {
        "part": show_runs(f"The first {part.duration_s / 60:.1f} minutes (offline: as a file)", part, on_part),
        "whole": show_runs(f"All {whole.duration_s / 60:.1f} minutes, as fast as it goes", whole, on_whole),
    }
    figures["budgets"] = show_budgets(figures["part"], figures["whole"])
    print(f"Written to {write('speech', figures)}")


def spoken_percent(track: Track) -> float:
    """How much of a stream is speech."""
    return 100 * sum(sentence.end_s - sentence.start_s for sentence in track.sentences) / track.duration_s


async def run(options: argparse.Namespace) -> None:
    """Do what was asked for."""
    quick: bool = options.quick
    with tempfile.TemporaryDirectory(prefix="wallflower-bench-") as folder:
        models_dir = Path(folder)
        if options.cameras:
            seconds = options.seconds or (QUICK_CAMERA_SECONDS if quick else CAMERA_SECONDS)
            if options.rtsp:
                await speech_rtsp.report(options.cameras, seconds, models_dir)
            else:
                await speech_cameras.report(options.cameras, seconds, models_dir, drafts=options.drafts)
        elif options.drafts:
            await speech_drafts.report(beginning(build(MINUTES), part_minutes(options)), models_dir)
        else:
            minutes = options.minutes or (QUICK_MINUTES if quick else MINUTES)
            await side_by_side(minutes, part_minutes(options), models_dir)


def part_minutes(options: argparse.Namespace) -> float:
    """Minutes in real time."""
    chosen: float | None = options.real_time
    return chosen or (QUICK_REAL_TIME_MINUTES if options.quick else REAL_TIME_MINUTES)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="script/bench speech", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, help=f"length of the stream (default {MINUTES:g})")
    parser.add_argument(
        "--real-time",
        type=float,
        metavar="MINUTES",
        help=f"how much of it in real time (default {REAL_TIME_MINUTES:g})",
    )
    parser.add_argument("--quick", action="store_true", help="three minutes in all, for rough figures")
    parser.add_argument("--cameras", type=counts, metavar="N,N", help="instead: so many cameras at once, e.g. 1,4,8,16")
    parser.add_argument("--seconds", type=float, help=f"for each number of cameras (default {CAMERA_SECONDS:g})")
    parser.add_argument("--rtsp", action="store_true", help="with --cameras: real RTSP sessions of a real sidecar")
    parser.add_argument("--drafts", action="store_true", help="with drafts of unfinished speech, or what they cost")
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(run(parser.parse_args()))
    return 0


def counts(text: str) -> list[int]:
    """Read numbers of cameras."""
    return [int(word) for word in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
