"""What one way to capture cameras costs and how soon it delivers, and the cameras it is measured with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.camera_process import CameraProcess
from tests.support.clips import Picture, camera_clip
from tests.support.noises import noise
from tests.support.speech import SAMPLE_RATE, Track, silence

from .speech_costs import Meter

PICTURE = Picture(width=1920, height=1080, fps=15, gop_s=2.0, profile="high", kbps=2800)
SOUND_S = 24.0
"""Costs are measured over whole passages, as noise costs more than silence."""

NOISES = (("clatter", 10.0, 1.2),)
"""What there is to hear besides the room: name, second, length. Nobody speaks."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One way with so many cameras: CPU in % of a core and memory in MB, by process and (total) of those that count."""

    way: str
    cameras: int
    percent: Mapping[str, float]
    pss_mb: Mapping[str, float]
    sessions: float
    """RTSP sessions a camera."""

    pictures: float
    """Sessions a camera that are being sent the picture."""

    first_audio_s: float | None = None
    first_picture_s: float | None = None
    apart: Sequence[str] = field(default=())
    """Processes that are shown and not counted."""

    @property
    def total_percent(self) -> float:
        """% of a core."""
        return sum(value for name, value in self.percent.items() if name not in self.apart)

    @property
    def total_mb(self) -> float:
        """PSS."""
        return sum(value for name, value in self.pss_mb.items() if name not in self.apart)

    @property
    def a_camera(self) -> float:
        """% of a core a camera."""
        return self.total_percent / self.cameras


def clip() -> Path:
    """Return the clip every camera sends: 1080p15, about 2.8 Mb/s, H.264 High, AAC 16 kHz mono."""
    samples = silence(SOUND_S).samples.copy()
    for name, at_s, length_s in NOISES:
        sound = noise(name, length_s, peak=0.1)
        samples[round(at_s * SAMPLE_RATE) :][: len(sound)] += sound
    return camera_clip(Track(samples), PICTURE)


def names(cameras: int) -> list[str]:
    """The cameras' names."""
    return [f"camera-{number + 1}" for number in range(cameras)]


async def sessions(camera: CameraProcess, cameras: int) -> tuple[float, float]:
    """Return how many sessions each camera has, and how many of them bring the picture."""
    counters = [await camera.counters(name) for name in names(cameras)]
    playing, pictured = sum(each.plays_now for each in counters), sum(each.video_now for each in counters)
    return playing / cameras, pictured / cameras


def shares(meter: Meter) -> dict[str, float]:
    """What a meter counted, in % of a core."""
    return {name: 100 * used / meter.wall_s for name, used in meter.cpu_s.items()}


def together(name: str, parts: Mapping[str, float]) -> dict[str, float]:
    """Many processes of a kind as one figure."""
    return {name: sum(parts.values())}
