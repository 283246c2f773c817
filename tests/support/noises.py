"""Sounds in which nobody speaks: noise, weather, machines, animals, things and music, synthesised and repeatable."""

from collections.abc import Callable

import numpy as np

from .espeak import Samples
from .speech import SAMPLE_RATE, Floats
from .tunes import music
from .waves import band, coloured, fading, harmonics, struck, wander

type Noise = Callable[[int, np.random.Generator], Floats]
"""Makes so many samples; what they are scaled to is the caller's affair."""


def hum(length: int, random: np.random.Generator) -> Floats:
    mains = 50.0 if random.random() < 0.5 else 60.0
    return harmonics(np.full(length, mains), [1, 0.6, 0.4, 0.3, 0.05, 0.2, 0.02, 0.15])


def rain(length: int, random: np.random.Generator) -> Floats:
    def drop(random: np.random.Generator) -> Floats:
        time, fade = fading(0.02, 6)
        return np.sin(2 * np.pi * random.uniform(1200, 5000) * time) * fade

    steady = band(random.normal(0, 0.15, length), 800, 7800)
    return steady * wander(length, random, 3, 0.5, 1) + struck(length, random, (0.005, 0.08), drop)


def wind(length: int, random: np.random.Generator) -> Floats:
    gusts = wander(length, random, 0.8, 0, 1) ** 2
    howl = harmonics(wander(length, random, 1.5, 250, 520), [1, 0.2]) * 0.1
    return (coloured(length, random, 1.6) + howl) * gusts


def engine(length: int, random: np.random.Generator) -> Floats:
    firing = wander(length, random, 4, 25, 75)
    rattle = 1 + 0.4 * np.sin(2 * np.pi * np.cumsum(firing / 2) / SAMPLE_RATE)
    return (harmonics(firing, [1 / number**0.8 for number in range(1, 20)]) + coloured(length, random, 1)) * rattle


def vacuum_cleaner(length: int, random: np.random.Generator) -> Floats:
    whine = harmonics(wander(length, random, 5, 330, 350), [1, 0.7, 0.3, 0.5])
    return whine * 0.2 + band(coloured(length, random, 0.6), 150, 6000)


def barking(length: int, random: np.random.Generator) -> Floats:
    def bark(random: np.random.Generator) -> Floats:
        time, fade = fading(random.uniform(0.12, 0.3), 3)
        pitch = random.uniform(350, 700) * (1 - 0.4 * time / time[-1])
        throat = harmonics(pitch, [1 / number for number in range(1, 10)])
        barked: Floats = (throat + random.normal(0, 0.4, len(time))) * fade * np.minimum(1, time / 0.01)
        return barked

    return struck(length, random, (0.25, 1.4), bark)


def clatter(length: int, random: np.random.Generator) -> Floats:
    def plate(random: np.random.Generator) -> Floats:
        time, fade = fading(random.uniform(0.05, 0.4), 5)
        modes = random.uniform(900, 6500, 6)
        ringing: Floats = np.sum([np.sin(2 * np.pi * mode * time) for mode in modes], axis=0)
        return ringing * fade

    return struck(length, random, (0.03, 0.9), plate)


def clapping(length: int, random: np.random.Generator) -> Floats:
    def clap(random: np.random.Generator) -> Floats:
        time, fade = fading(0.05, 5)
        return random.normal(0, 1, len(time)) * fade

    return struck(length, random, (0.05, 0.35), clap)


def steps(length: int, random: np.random.Generator) -> Floats:
    def step(random: np.random.Generator) -> Floats:
        time, fade = fading(0.12, 6)
        return (np.sin(2 * np.pi * random.uniform(70, 130) * time) + random.normal(0, 0.2, len(time))) * fade

    return struck(length, random, (0.45, 0.65), step)


def crowd(length: int, random: np.random.Generator) -> Floats:
    """Noise with the spectrum of a far crowd, each band swelling at the pace of syllables; nobody is in it."""
    made = np.zeros(length)
    for low, high, weight in ((120, 400, 1.0), (400, 900, 0.9), (900, 1800, 0.5), (1800, 3200, 0.3), (3200, 6000, 0.1)):
        made += weight * band(random.normal(0, 1, length), low, high) * wander(length, random, 0.12, 0.15, 1)
    return made


def siren(length: int, random: np.random.Generator) -> Floats:
    time = np.arange(length) / SAMPLE_RATE
    return harmonics(700 + 350 * np.sin(2 * np.pi * random.uniform(0.2, 3) * time), [1, 0.4, 0.2])


def alarm(length: int, random: np.random.Generator) -> Floats:
    time = np.arange(length) / SAMPLE_RATE
    on = np.mod(time, random.uniform(0.3, 1.2)) < 0.25
    return np.sin(2 * np.pi * random.uniform(800, 3200) * time) * on


def doorbell(length: int, random: np.random.Generator) -> Floats:
    def chime(random: np.random.Generator) -> Floats:
        time, fade = fading(1.2, 5)
        two = [np.sin(2 * np.pi * pitch * time) * fade for pitch in (659.0, 523.0)]
        return np.concatenate([two[0][: SAMPLE_RATE // 2], two[1]])

    return struck(length, random, (2, 6), chime)


def laughter_like(length: int, random: np.random.Generator) -> Floats:
    """Bursts of breath with a falling pitch, as in laughter, of harmonics without a mouth's resonances."""

    def bout(random: np.random.Generator) -> Floats:
        pitch, parts = random.uniform(180, 320), []
        for number in range(random.integers(4, 9)):
            time, fade = fading(0.16, 3)
            tone = harmonics(np.full(len(time), pitch * 0.95**number), [1, 0.8, 0.5, 0.3, 0.2])
            parts.append((0.6 * tone + random.normal(0, 0.5, len(time))) * fade)
        return np.concatenate(parts)

    return struck(length, random, (1.5, 4), bout)


NOISES: dict[str, Noise] = {
    "silence": lambda length, _: np.zeros(length),
    "white noise": lambda length, random: coloured(length, random, 0),
    "pink noise": lambda length, random: coloured(length, random, 1),
    "brown noise": lambda length, random: coloured(length, random, 2),
    "mains hum": hum,
    "rain": rain,
    "wind": wind,
    "engine": engine,
    "vacuum cleaner": vacuum_cleaner,
    "barking": barking,
    "clatter": clatter,
    "clapping": clapping,
    "steps": steps,
    "crowd": crowd,
    "siren": siren,
    "alarm": alarm,
    "doorbell": doorbell,
    "laughter-like": laughter_like,
    "piano": music("piano"),
    "guitar": music("pluck"),
    "flute": music("flute"),
    "strings": music("strings"),
    "organ and drums": music("organ", drums=True),
    "brass and drums": music("brass", drums=True),
}
"""Twenty-four; fifty seconds of each make twenty minutes."""


def noise(name: str, duration_s: float, *, peak: float = 0.25, seed: int = 1) -> Samples:
    """So much of a sound, int16 mono 16 kHz, its loudest sample at this part of full scale."""
    sound = NOISES[name](round(duration_s * SAMPLE_RATE), np.random.default_rng([seed, *name.encode()]))
    loudest = np.abs(sound).max() or 1.0
    scaled: Samples = np.round(sound * (peak * 32767 / loudest)).astype(np.int16)
    return scaled
