"""Twenty minutes in which nobody speaks give no word: through the real gate, and past it into the real decoder."""

from itertools import pairwise

import numpy as np
import pytest

from tests.support.gated import utterances
from tests.support.noises import NOISES, noise
from tests.support.speech import SAMPLE_RATE
from wallflower_sidecar.speech.embedded.decoder import WhisperDecoder
from wallflower_sidecar.speech.filters import Phantom
from wallflower_sidecar.speech.models.find import bundled_model

pytestmark = pytest.mark.faults

DURATION_S = 50.0
LEVELS = (0.1, 0.25, 0.8)
HOTWORDS = ("help", "fire", "ambulance", "intruder")


@pytest.fixture(scope="module")
def decoder():
    return WhisperDecoder(bundled_model().folder, 1)


def sound_of(name):
    number = list(NOISES).index(name)
    return noise(name, DURATION_S, peak=LEVELS[number % len(LEVELS)], seed=4)


def pieces(samples):
    """Pieces of 5 to 25 s, as a gate would cut them that takes everything for speech."""
    lengths = np.random.default_rng(7).uniform(5, 25, 12) * SAMPLE_RATE
    cuts = [0, *(round(cut) for cut in lengths.cumsum() if cut < len(samples)), len(samples)]
    return [samples[begin:end] for begin, end in pairwise(cuts)]


def assert_nothing_was_said(heard):
    assert heard.text == ""
    assert heard.words == ()
    assert heard.phantoms
    assert {reason for _, reason in heard.suppressed} <= set(heard.phantoms) - {Phantom.NO_SPEECH}


def test_the_sounds_make_twenty_minutes():
    assert len(NOISES) * DURATION_S == 20 * 60


@pytest.mark.parametrize("name", NOISES)
def test_no_word_comes_through_the_gate_where_none_was_said(decoder, name):
    for utterance in utterances(sound_of(name)):
        assert_nothing_was_said(decoder.decode(utterance.pcm, "en", HOTWORDS))


@pytest.mark.parametrize("name", NOISES)
def test_no_word_comes_past_the_gate_where_none_was_said(decoder, name):
    for piece in pieces(sound_of(name)):
        assert_nothing_was_said(decoder.decode(piece.tobytes(), "en"))


@pytest.mark.parametrize("name", ["guitar", "laughter-like", "brass and drums", "rain"])
def test_nor_does_a_draft_have_one(decoder, name):
    for utterance in utterances(sound_of(name)):
        assert_nothing_was_said(decoder.decode(utterance.pcm, "en", draft=True))
