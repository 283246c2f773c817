"""The ways to capture side by side: what each costs, the ratios, and the budgets beside what was measured."""

from collections.abc import Sequence
from typing import Any

from .capture_costs import Cost
from .capture_ours import LISTENING, PULLED, RECORDING
from .capture_peers import FLOOR, ONE_FFMPEG, USUAL
from .report import table

MOST_FLOORS = 2.5
MOST_USUAL = 0.2
MANY = 30
MOST_LISTENING_PERCENT = 12.0
MOST_LISTENING_MB = 250.0
MOST_RECORDING_PERCENT = 60.0
FIRST_AUDIO_S = 1.5

COLUMNS = (
    "way",
    "cameras",
    "% of a core",
    "a camera",
    "÷ copy",
    "÷ OpenCV",
    "÷ JPEG",
    "PSS MB",
    "sessions",
    "pictured",
    "sound s",
    "picture s",
)


def show(costs: Sequence[Cost], camera_percent: dict[int, float]) -> dict[str, Any]:
    """Print the table of all ways, our processes, and the budgets; returns the figures."""
    print(f"{FLOOR}: packets to files, sound decoded. {USUAL}: 5 pictures a second, an ffmpeg for the sound.")
    print(f"{ONE_FFMPEG}: both and a picture a second in one process. sound and picture: seconds to the first.")
    table("1080p15 H.264 + AAC, 2.8 Mb/s a camera; nobody speaks", COLUMNS, [_row(cost, costs) for cost in costs])
    parts = [
        (cost.way, cost.cameras, name, percent, cost.pss_mb[name], "no" if name in cost.apart else "yes")
        for cost in costs
        if len(cost.percent) > 1
        for name, percent in cost.percent.items()
    ]
    table("Our processes", ("way", "cameras", "process", "% of a core", "peak PSS MB", "counted"), parts)
    for cameras, percent in camera_percent.items():
        print(f"The camera process itself, {cameras} sending all: {percent:.0f} % of a core (counted nowhere).")
    return {"ways": [_figures(cost) for cost in costs], "budgets": _budgets(costs)}


def _find(costs: Sequence[Cost], way: str, cameras: int | None = None) -> Cost | None:
    """The cost of a way with so many cameras, or with the most."""
    mine = [cost for cost in costs if cost.way == way and cameras in (None, cost.cameras)]
    return max(mine, key=lambda cost: cost.cameras, default=None)


def _row(cost: Cost, costs: Sequence[Cost]) -> tuple[object, ...]:
    ratios = []
    for way in (FLOOR, USUAL, ONE_FFMPEG):
        peer = _find(costs, way, cost.cameras)
        ratios.append(cost.total_percent / peer.total_percent if peer and peer is not cost else "–")
    return (
        cost.way,
        cost.cameras,
        cost.total_percent,
        cost.a_camera,
        *ratios,
        f"{cost.total_mb:.0f}",
        cost.sessions,
        cost.pictures,
        *("–" if value is None else value for value in (cost.first_audio_s, cost.first_picture_s)),
    )


def _budgets(costs: Sequence[Cost]) -> list[dict[str, Any]]:
    """Print each budget, what was measured, and whether it is met; those that cannot be judged are left out."""
    rows: list[tuple[str, float, float]] = []
    for cameras in sorted({cost.cameras for cost in costs}):
        ours = _find(costs, RECORDING, cameras)
        copied, usual = _find(costs, FLOOR, cameras), _find(costs, USUAL, cameras)
        if ours and copied:
            rows.append(
                (f"{cameras}, recording ÷ ffmpeg -c copy", ours.total_percent / copied.total_percent, MOST_FLOORS)
            )
        if ours and usual:
            rows.append(
                (f"{cameras}, recording ÷ OpenCV + ffmpeg", ours.total_percent / usual.total_percent, MOST_USUAL)
            )
    if ours := _find(costs, RECORDING):
        rows.append(("RTSP sessions a camera (OpenCV + ffmpeg: 2)", ours.sessions, 1.0))
    if many := _find(costs, LISTENING, MANY):
        rows.append((f"{MANY} listening, % of a core", many.total_percent, MOST_LISTENING_PERCENT))
        rows.append((f"{MANY} listening, PSS MB of worker + sidecar", many.total_mb, MOST_LISTENING_MB))
    if many := _find(costs, RECORDING, MANY):
        rows.append((f"{MANY} listening and recording, % of a core", many.total_percent, MOST_RECORDING_PERCENT))
    if (one := _find(costs, PULLED, 1)) and one.first_audio_s is not None:
        rows.append(("1 camera added → first sound, s", one.first_audio_s, FIRST_AUDIO_S))
    shown = [
        (what, measured, f"≤ {bound:g}", "met" if measured <= bound else "missed") for what, measured, bound in rows
    ]
    table("Budgets", ("cameras, what", "measured", "budget", ""), shown)
    return [{"what": what, "measured": value, "budget": bound, "met": value <= bound} for what, value, bound in rows]


def _figures(cost: Cost) -> dict[str, Any]:
    return {
        "way": cost.way,
        "cameras": cost.cameras,
        "percent": cost.total_percent,
        "percent_a_camera": cost.a_camera,
        "pss_mb": cost.total_mb,
        "by_process": {
            name: {"percent": percent, "pss_mb": cost.pss_mb[name]} for name, percent in cost.percent.items()
        },
        "not_counted": list(cost.apart),
        "sessions": cost.sessions,
        "pictured": cost.pictures,
        "first_audio_s": cost.first_audio_s,
        "first_picture_s": cost.first_picture_s,
    }
