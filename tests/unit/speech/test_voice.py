"""How much of a sound is speech."""

import numpy as np
import pytest

from tests.support.noises import noise
from tests.support.speech import as_float, synthesise
from wallflower_sidecar.speech.embedded.voice import listen, speech_blocks


@pytest.mark.parametrize(
    ("probabilities", "blocks"),
    [
        ([], 0),
        ([0.1, 0.2, 0.3], 0),
        ([0.9, 0.9], 0),  # a click
        ([0.36, 0.3, 0.25], 3),  # once begun it takes less
        ([0.3, 0.3, 0.3], 0),
        ([0.9, 0.1, 0.1, 0.9, 0.9], 5),  # a short gap is within a word
        ([0.9, 0.0, 0.0, 0.0, 0.0, 0.9], 0),  # two clicks
        ([0.9] * 4 + [0.0] * 9 + [0.9] * 5, 9),
    ],
)
def test_speech_is_what_is_no_click(probabilities, blocks):
    assert speech_blocks(probabilities) == blocks


def test_a_sentence_is_mostly_speech():
    said = as_float(synthesise("The front door is open."))
    voice = listen(said)
    assert voice.sound_s == len(said) / 16_000
    assert voice.share > 0.7
    assert voice.peak > 0.9


@pytest.mark.parametrize("name", ["silence", "white noise", "engine", "organ and drums"])
def test_a_sound_is_not(name):
    assert listen(as_float(noise(name, 5.0))).speech_s < 0.2


def test_nothing_is_no_speech():
    assert listen(np.zeros(0, np.float32)).share == 0
