"""What every way to recognise the stream gives, and the stream fed as a camera sends it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
import time

from tests.support.espeak import Samples
from tests.support.speech import SAMPLE_RATE

from .report import percentile
from .speech_score import Final


@dataclass(frozen=True, slots=True)
class Run:
    """One way's texts and costs for `audio_s` seconds of the stream; CPU in seconds, memory in MB (PSS)."""

    name: str
    audio_s: float
    finals: list[Final] = field(repr=False)
    cpu_s: dict[str, float]
    peak_mb: float
    real_time: bool
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def cpu_an_hour_s(self) -> float:
        """CPU seconds for an hour of such sound."""
        return sum(self.cpu_s.values()) * 3600 / self.audio_s


class Playback:
    """The time of the stream while it is played: second 0 is when playing began."""

    def __init__(self, samples: Samples, *, real_time: bool) -> None:
        """Play these samples, as fast as they are taken unless in real time."""
        self._samples = samples
        self._real_time = real_time
        self._at = 0
        self._began = time.monotonic()

    @property
    def now_s(self) -> float:
        """Seconds since playing began."""
        return time.monotonic() - self._began

    @property
    def is_over(self) -> bool:
        """Whether all was taken."""
        return self._at >= len(self._samples)

    async def take(self, seconds: float) -> Samples:
        """Return the next samples once the last of them has sounded; fewer at the end."""
        piece = self._samples[self._at : self._at + round(seconds * SAMPLE_RATE)]
        self._at += len(piece)
        await asyncio.sleep(max(0.0, self._at / SAMPLE_RATE - self.now_s) if self._real_time else 0)
        return piece


def spread(values: Sequence[float]) -> list[float | str]:
    """The median, the 95th percentile and the greatest of values, as a table shows them."""
    return [percentile(values, part) if values else "–" for part in (0.5, 0.95, 1.0)]
