"""How much is decoded at once."""

import numpy as np
import pytest

from wallflower_sidecar.speech.embedded.windows import DRAFT_MARGIN, FULL_WINDOW, pieces, window_frames

RATE = 16_000


@pytest.mark.parametrize(("sound", "window"), [(120, 1620), (121, 1622), (1499, 3000), (2800, FULL_WINDOW)])
def test_the_window_is_the_sound_and_fifteen_seconds_and_never_more_than_thirty(sound, window):
    assert window_frames(sound) == window


def test_a_draft_is_decoded_with_less():
    assert window_frames(120, DRAFT_MARGIN) == 620
    assert window_frames(2800, DRAFT_MARGIN) == FULL_WINDOW


def test_sound_that_fits_the_window_is_one_piece():
    sound = np.ones(28 * RATE, np.float32)
    assert [(offset, len(piece)) for offset, piece in pieces(sound)] == [(0.0, 28 * RATE)]


def test_longer_sound_is_cut_in_its_pauses_and_nothing_is_lost():
    sound = np.random.default_rng(1).normal(0, 0.1, 70 * RATE).astype(np.float32)
    sound[25 * RATE : 26 * RATE] *= 0.01
    sound[47 * RATE : 48 * RATE] *= 0.01
    cut = list(pieces(sound))
    assert np.array_equal(np.concatenate([piece for _, piece in cut]), sound)
    assert all(len(piece) <= 28 * RATE for _, piece in cut)
    assert [int(offset) for offset, _ in cut] == [0, 25, 47]
