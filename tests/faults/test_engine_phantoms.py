"""Sounds that are not speech give no text, through the real model, with and without hotwords."""

import numpy as np
import pytest
import pytest_asyncio

from tests.support.speech import SAMPLE_RATE
from tests.unit.speech.running import ready, running
from tests.unit.speech.utterances import utterance_of
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.transcripts import Hints
from wallflower_sidecar.speech import EmbeddedTranscriber

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]

DURATION_S = 6.0
LENGTH = round(DURATION_S * SAMPLE_RATE)
TIME = np.arange(LENGTH) / SAMPLE_RATE


def random(seed):
    return np.random.default_rng(seed)


def pink(seed=1):
    spectrum = np.fft.rfft(random(seed).normal(0, 1, LENGTH))
    frequencies = np.fft.rfftfreq(LENGTH)
    frequencies[0] = frequencies[1]
    return np.fft.irfft(spectrum / np.sqrt(frequencies), LENGTH)


def hum():
    return sum(np.sin(2 * np.pi * 50 * harmonic * TIME) / harmonic for harmonic in (1, 2, 3, 4, 6, 8))


def siren():
    return np.sin(2 * np.pi * np.cumsum(600 + 300 * np.sin(np.pi * TIME)) / SAMPLE_RATE)


def wind():
    gusts = np.abs(random(5).normal(0.5, 0.4, 14))
    return pink(5) * np.interp(TIME, np.linspace(0, DURATION_S, 14), gusts)


def bursts(every_s, length_s, sound):
    made = random(3).normal(0, 0.002, LENGTH)
    for begin in range(SAMPLE_RATE // 3, LENGTH - SAMPLE_RATE, round(every_s * SAMPLE_RATE)):
        length = round(length_s * SAMPLE_RATE)
        time = np.arange(length) / SAMPLE_RATE
        made[begin : begin + length] += sound(time) * np.exp(-time * 3 / length_s)
    return made


def clapping():
    return bursts(0.4, 0.05, lambda time: random(4).normal(0, 1, len(time)))


def barking():
    return bursts(
        0.6,
        0.2,
        lambda time: sum(
            np.sin(2 * np.pi * harmonic * (500 * time - 400 * time**2)) / harmonic for harmonic in range(1, 8)
        ),
    )


def music(seed):
    chosen = random(seed)
    made = np.zeros(LENGTH)
    for begin in np.arange(0, DURATION_S - 1, 0.3):
        for _ in range(chosen.integers(1, 4)):
            pitch = 220 * 2 ** (chosen.choice([-5, -3, 0, 2, 4, 5, 7, 9, 11, 12]) / 12)
            time = TIME[: SAMPLE_RATE // 2]
            note = sum(np.sin(2 * np.pi * pitch * harmonic * time) / harmonic for harmonic in range(1, 6))
            first = round(begin * SAMPLE_RATE)
            made[first : first + len(note)] += note * np.exp(-4 * time)
    return made


SOUNDS = {
    "silence": np.zeros(LENGTH),
    "white noise": random(1).normal(0, 1, LENGTH),
    "pink noise": pink(),
    "hum": hum(),
    "siren": siren(),
    "wind": wind(),
    "clapping": clapping(),
    "barking": barking(),
    **{f"music {seed}": music(seed) for seed in range(6)},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def transcriber(tmp_path_factory):
    made = EmbeddedTranscriber(None, models_dir=tmp_path_factory.mktemp("models"), clock=SystemClock())
    async with running(made):
        await ready(made)
        yield made


@pytest.mark.parametrize("hotwords", [(), ("help", "fire", "ambulance", "intruder")], ids=["plain", "hotwords"])
@pytest.mark.parametrize("name", SOUNDS)
async def test_no_word_stands_where_none_was_said(transcriber, name, hotwords):
    sound = SOUNDS[name]
    loudest = np.abs(sound).max() or 1
    before = transcriber.phantoms.total()
    transcript = await transcriber.transcribe(
        utterance_of(np.round(sound / loudest * 8000).astype(np.int16)), Hints("en", hotwords)
    )
    assert transcript.text == ""
    assert transcript.words == ()
    assert transcriber.phantoms.total() == before + 1
