"""How something said sounds where a camera hears it: in a room, in noise, over a telephone line."""

import numpy as np

from .espeak import Samples
from .speech import SAMPLE_RATE, Floats
from .waves import band, coloured

_MU = 255


def in_room(
    said: Samples, *, level: float = 1.0, room_dbfs: float = -60.0, lead_s: float = 2.0, tail_s: float = 1.2
) -> Floats:
    """What was said at this part of its level, with the room's own noise before, under and after it."""
    length = round((lead_s + tail_s) * SAMPLE_RATE) + len(said)
    sound: Floats = np.random.default_rng(1).normal(0, 32768 * 10 ** (room_dbfs / 20), length)
    begin = round(lead_s * SAMPLE_RATE)
    sound[begin : begin + len(said)] += said * level
    return sound


def in_noise(sound: Floats, said: Samples, snr_db: float, *, seed: int = 3) -> Floats:
    """The same under pink noise that is so much weaker than what was said."""
    noise = coloured(len(sound), np.random.default_rng(seed), 1)
    power = np.square(said, dtype=np.float64).mean() / np.square(noise).mean()
    noisy: Floats = sound + noise * np.sqrt(power / 10 ** (snr_db / 10))
    return noisy


def over_telephone(sound: Floats) -> Floats:
    """The same over a telephone line: 300 to 3400 Hz, coded as G.711 does (mu-law, 8 bits)."""
    narrow = np.clip(band(sound, 300, 3400) / 32768, -1, 1)
    coded = np.round(np.sign(narrow) * np.log1p(_MU * np.abs(narrow)) / np.log1p(_MU) * 127) / 127
    return band(np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(_MU)) / _MU * 32768, 0, 4000)


def as_samples(sound: Floats) -> Samples:
    """The sound as int16, what is too loud cut off."""
    return np.clip(np.round(sound), -32768, 32767).astype(np.int16)
