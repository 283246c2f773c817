"""Which decodes are tried again, and which texts are not believed."""

from dataclasses import replace

from faster_whisper.transcribe import get_compression_ratio
import pytest

from wallflower_sidecar.speech.filters import Decoded, Phantom, phantom, repetition, runaway, unheard

SENTENCE = Decoded("The front door is open.", -0.2, 0.1, complete=True, sound_s=2.4, speech_s=1.5, peak=0.97)


def decoded(text, mean_log_probability, no_speech_probability, *, sound_s, speech_s=1.0, peak=0.6, complete=True):
    return Decoded(text, mean_log_probability, no_speech_probability, complete, sound_s, speech_s, peak)


def test_a_plain_sentence_is_believed_at_once():
    assert runaway(SENTENCE) is None
    assert phantom(SENTENCE) is None


@pytest.mark.parametrize("word", ["Ok.", "Help!", "Bye."])
def test_a_short_word_is_believed_though_whisper_is_unsure_of_it(word):
    assert phantom(decoded(word, -1.3, 0.4, sound_s=1.2, speech_s=0.1)) is None


def test_a_loop_that_never_ends_is_tried_again_and_then_not_believed():
    loop = decoded("Help " * 14, -0.2, 0.15, complete=False, sound_s=4.0)
    assert runaway(loop) is Phantom.ENDLESS
    assert phantom(loop) is Phantom.ENDLESS


def test_text_faster_than_anybody_speaks_is_tried_again_and_then_not_believed():
    loop = replace(SENTENCE, text="and so my fellow Americans " * 3, sound_s=1.4)
    assert runaway(loop) is Phantom.TOO_FAST
    assert phantom(loop) is Phantom.TOO_FAST


def test_somebody_crying_for_help_again_and_again_is_tried_again_and_believed():
    cry = decoded(" ".join(["Help!"] * 10), -0.3, 0.2, sound_s=6.0)
    assert runaway(cry) is Phantom.REPETITION
    assert phantom(cry) is None


def test_an_improbable_repetition_is_not_believed():
    assert phantom(decoded("you " * 20, -1.4, 0.3, sound_s=6.0)) is Phantom.REPETITION


def test_text_that_was_cut_off_but_does_not_repeat_itself_is_believed():
    cut_off = replace(SENTENCE, complete=False)
    assert runaway(cut_off) is Phantom.ENDLESS
    assert phantom(cut_off) is None


@pytest.mark.parametrize(
    ("text", "mean_log_probability", "no_speech_probability"),
    [("Thank you.", -0.65, 0.91), ("you", -1.3, 0.93), ("I don't know what to do.", -1.39, 0.74)],
)
def test_what_tiny_en_writes_for_chimes_noise_and_wind_is_not_believed(
    text, mean_log_probability, no_speech_probability
):
    made_up = decoded(text, mean_log_probability, no_speech_probability, sound_s=5.0)
    assert phantom(made_up) is Phantom.IMPROBABLE


@pytest.mark.parametrize(
    ("text", "mean_log_probability", "no_speech_probability"),
    [("I'm sorry.", -1.77, 0.6), ("you you", -2.21, 0.59), ("Thank you.", -1.25, 0.58)],
)
def test_nor_is_a_failed_text_that_whisper_half_doubts(text, mean_log_probability, no_speech_probability):
    failed = decoded(text, mean_log_probability, no_speech_probability, sound_s=5.0)
    assert phantom(failed) is Phantom.IMPROBABLE
    assert phantom(replace(failed, no_speech_probability=0.4)) is None
    assert phantom(replace(failed, mean_log_probability=-0.9)) is None


def test_a_probable_text_is_believed_though_whisper_doubts_that_anybody_speaks():
    assert phantom(replace(SENTENCE, no_speech_probability=0.7)) is None


def test_where_silero_is_sure_whisper_must_doubt_more():
    stop = decoded("stop.", -0.53, 0.64, sound_s=0.93, speech_s=0.35, peak=0.96)
    assert phantom(stop) is None
    assert phantom(replace(stop, peak=0.7)) is Phantom.IMPROBABLE
    assert phantom(replace(stop, speech_s=0.1)) is Phantom.IMPROBABLE
    assert phantom(replace(stop, mean_log_probability=-0.97)) is Phantom.IMPROBABLE


@pytest.mark.parametrize(
    ("text", "mean_log_probability", "no_speech_probability", "sound_s", "speech_s"),
    [("Mm.", -1.62, 0.46, 24.4, 0.1), ("Thank you.", -1.02, 0.43, 7.3, 0.1)],
)
def test_an_uncertain_text_out_of_long_sound_with_hardly_any_speech_is_not_believed(
    text, mean_log_probability, no_speech_probability, sound_s, speech_s
):
    music = decoded(text, mean_log_probability, no_speech_probability, sound_s=sound_s, speech_s=speech_s)
    assert phantom(music) is Phantom.LITTLE_SPEECH
    assert phantom(replace(music, mean_log_probability=-0.7)) is None
    assert phantom(replace(music, speech_s=0.06 * sound_s)) is None


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [([], False), ([0.0, 0.95], True), ([0.05], False), ([0.01], True), ([0.01, 0.9, 0.9, 0.9], False)],
)
def test_a_short_text_with_a_word_that_nobody_said_is_not_believed(probabilities, expected):
    assert unheard(probabilities) is expected


@pytest.mark.parametrize("text", ["", ".", " . . .", "¿?", "-"])
def test_punctuation_alone_is_no_text(text):
    assert phantom(replace(SENTENCE, text=text)) is Phantom.NO_WORDS


@pytest.mark.parametrize("text", ["Hallo.", "нет", "नमस्ते", "你好", "24"])
def test_words_in_any_script_are(text):
    assert phantom(replace(SENTENCE, text=text)) is None


def test_repetition_is_whispers_compression_ratio():
    for text in ("Bye", "Help " * 14, "Wärst du so nett?"):
        assert repetition(text) == get_compression_ratio(text)
    assert repetition("") == 0
