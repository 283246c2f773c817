"""Levels: of all sound, and of what lies in the band of speech."""

import numpy as np
import pytest

from wallflower_sidecar.capture.listening.floor import FRAME, SILENCE_DBFS, rms_dbfs, speech_levels


def tone(hertz, amplitude, frames=4):
    samples = np.sin(2 * np.pi * hertz * np.arange(frames * FRAME) / 16_000) * amplitude
    return np.rint(samples).astype(np.int16)


def levels_of(samples):
    return speech_levels(samples.reshape(-1, FRAME)).tolist()


@pytest.mark.parametrize("amplitude", [3, 300, 30_000])
def test_a_tone_in_the_band_has_its_level_in_both(amplitude):
    expected = 20 * np.log10(amplitude / np.sqrt(2) / 32_768)
    samples = tone(1000, amplitude)
    assert rms_dbfs(samples) == pytest.approx(expected, abs=0.5)
    assert levels_of(samples) == pytest.approx([expected] * 4, abs=0.5)


@pytest.mark.parametrize("hertz", [50, 7000])
def test_a_tone_outside_the_band_counts_in_the_whole_alone(hertz):
    samples = tone(hertz, 10_000)
    assert rms_dbfs(samples) == pytest.approx(-13.3, abs=0.1)
    assert max(levels_of(samples)) < -45


def test_a_full_scale_square_wave_is_0_dbfs():
    assert rms_dbfs(np.tile(np.array([32_767, -32_767], np.int16), 40_000)) == pytest.approx(0.0, abs=0.001)


def test_nothing_is_quieter_than_digital_silence():
    nothing = np.zeros(4 * FRAME, np.int16)
    assert rms_dbfs(nothing) == SILENCE_DBFS
    assert levels_of(nothing) == pytest.approx([SILENCE_DBFS] * 4)
