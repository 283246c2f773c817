"""Which decodes are tried again, and which texts are not believed."""

from dataclasses import replace

from faster_whisper.transcribe import get_compression_ratio
import pytest

from wallflower_sidecar.speech.filters import Decoded, Phantom, misled, phantom, repetition, runaway

SENTENCE = Decoded("The front door is open.", -0.2, 0.1, complete=True, sound_s=2.4)


def test_a_plain_sentence_is_believed_at_once():
    assert runaway(SENTENCE) is None
    assert phantom(SENTENCE) is None


@pytest.mark.parametrize("word", ["Ok.", "Help!", "Bye."])
def test_a_short_word_is_believed_though_whisper_is_unsure_of_it(word):
    assert phantom(Decoded(word, -1.3, 0.4, complete=True, sound_s=1.2)) is None


def test_a_loop_that_never_ends_is_tried_again_and_then_not_believed():
    loop = Decoded("Help " * 14, -0.2, 0.15, complete=False, sound_s=4.0)
    assert runaway(loop) is Phantom.ENDLESS
    assert phantom(loop) is Phantom.ENDLESS


def test_text_faster_than_anybody_speaks_is_tried_again_and_then_not_believed():
    loop = replace(SENTENCE, text="and so my fellow Americans " * 3, sound_s=1.4)
    assert runaway(loop) is Phantom.TOO_FAST
    assert phantom(loop) is Phantom.TOO_FAST


def test_somebody_crying_for_help_again_and_again_is_tried_again_and_believed():
    cry = Decoded(" ".join(["Help!"] * 10), -0.3, 0.2, complete=True, sound_s=6.0)
    assert runaway(cry) is Phantom.REPETITION
    assert phantom(cry) is None


def test_an_improbable_repetition_is_not_believed():
    assert phantom(Decoded("you " * 20, -1.4, 0.3, complete=True, sound_s=6.0)) is Phantom.REPETITION


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
    decoded = Decoded(text, mean_log_probability, no_speech_probability, complete=True, sound_s=5.0)
    assert phantom(decoded) is Phantom.IMPROBABLE


def test_a_probable_text_is_believed_though_whisper_doubts_that_anybody_speaks():
    assert phantom(replace(SENTENCE, no_speech_probability=0.7)) is None


def test_an_improbable_text_is_decoded_again_without_hotwords():
    assert misled(Decoded("Parcel.", -3.0, 0.2, complete=True, sound_s=13.5))
    assert not misled(SENTENCE)


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
