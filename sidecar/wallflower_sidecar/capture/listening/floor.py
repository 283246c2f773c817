"""How loud a frame is, and how loud it must be to be worth a closer look."""

from collections import deque
import math

import numpy as np
from numpy.typing import NDArray

from ...domain.transcripts import SAMPLE_RATE

FRAME = 480
"""Samples of a frame: 30 ms, the longest that WebRTC's detector takes."""

type Samples = NDArray[np.int16]
"""int16 mono 16 kHz."""

SILENCE_DBFS = -100.0
"""Level of digital silence; nothing is said to be quieter."""

_FULL_SCALE_POWER = 32_768.0**2
_SILENT_POWER = 10.0 ** (SILENCE_DBFS / 10.0)
_WINDOW = np.hanning(FRAME).astype(np.float32)
_BAND = slice(round(200 * FRAME / SAMPLE_RATE), round(4000 * FRAME / SAMPLE_RATE) + 1)
_BAND_SCALE = 2.0 / (FRAME * float(np.sum(_WINDOW**2)) * _FULL_SCALE_POWER)
_BUCKETS = 20
_BUCKET_FRAMES = 17  # 0.5 s of 30 ms frames: the floor is the minimum of 10 s
_FIRST_GUESS_DBFS = -85.0
_FIRST_GUESS_BUCKETS = 4
_LOUDEST_DBFS = 0.0


def rms_dbfs(samples: Samples) -> float:
    """Level in dBFS of some samples, a full-scale square wave being 0 dBFS."""
    sound = samples.astype(np.float32)
    power = float(np.vdot(sound, sound)) / len(sound)
    return 10.0 * math.log10(max(power / _FULL_SCALE_POWER, _SILENT_POWER))


def speech_levels(frames: NDArray[np.int16]) -> NDArray[np.float32]:
    """Level in dBFS between 200 and 4000 Hz of each row of 480 samples: rumble, hum and wind stay out of it."""
    spectrum = np.fft.rfft(frames * _WINDOW)[:, _BAND]
    power = np.vecdot(spectrum, spectrum).real * _BAND_SCALE
    levels: NDArray[np.float32] = 10.0 * np.log10(np.maximum(power, _SILENT_POWER))
    return levels


class NoiseFloor:
    """The quietest frame of the last 10 s: a noise that starts is the floor 10 s later, its end at once.

    Who knows better says so: `learn`.
    """

    def __init__(self) -> None:
        """Start low for 2 s, so that somebody who speaks from the first moment on is heard."""
        self.dbfs = _FIRST_GUESS_DBFS
        guesses = [_FIRST_GUESS_DBFS] * _FIRST_GUESS_BUCKETS
        self._buckets = deque(guesses + [_LOUDEST_DBFS] * (_BUCKETS - len(guesses)), maxlen=_BUCKETS)
        self._newest = _LOUDEST_DBFS
        self._frames = 0

    def observe(self, levels: NDArray[np.float32]) -> None:
        """Take in the levels of the next frames."""
        self._newest = min(self._newest, float(levels.min()))
        self._frames += len(levels)
        if self._frames >= _BUCKET_FRAMES:
            self._buckets.append(self._newest)
            self._newest, self._frames = _LOUDEST_DBFS, 0
            self.dbfs = min(self._buckets)

    def learn(self, dbfs: float) -> None:
        """A noise of this level is there now; what was quieter before says nothing any more."""
        self._buckets = deque((max(bucket, dbfs) for bucket in self._buckets), maxlen=_BUCKETS)
        self._newest = max(self._newest, dbfs)
        self.dbfs = min(self._buckets)
