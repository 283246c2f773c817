"""Parts of an utterance and the transcript made of what was told of them."""

from datetime import timedelta

import numpy as np
import pytest

from tests.support.speech import SAMPLE_RATE
from tests.unit.speech.utterances import SAID_AT, silent_utterance
from wallflower_sidecar.domain.transcripts import Suppressed, Utterance
from wallflower_sidecar.speech.whisperlive.hearing import Heard
from wallflower_sidecar.speech.whisperlive.text import NEUTRAL_CONFIDENCE, language_of, parts, transcript
from wallflower_sidecar.speech.whisperlive.wire import Piece, SpokenWord


def utterance_of(samples):
    end = SAID_AT + timedelta(seconds=len(samples) / SAMPLE_RATE)
    return Utterance("u", "porch", SAID_AT, end, SAID_AT, samples.astype("<i2").tobytes())


def heard(*pieces, began=100.0, language="en"):
    return Heard(pieces, began, language, 1.0)


def made(*pieces, duration_s=5.0):
    utterance = silent_utterance(duration_s)
    (part,) = parts(utterance)
    return utterance, transcript(utterance, [(part, heard(*pieces))], "en")


def test_an_utterance_of_the_gate_is_one_part():
    (part,) = parts(silent_utterance(25.0))
    assert part.offset_s == 0
    assert part.sound.duration_s == part.sound.speech_end_s == 25.0


def test_a_longer_one_is_cut_where_it_is_quietest_and_nothing_is_lost():
    samples = np.full(60 * SAMPLE_RATE, 1000)
    samples[round(22.5 * SAMPLE_RATE) : round(22.8 * SAMPLE_RATE)] = 3
    utterance = utterance_of(samples)
    found = parts(utterance)
    assert b"".join(part.sound.pcm for part in found) == utterance.pcm
    assert 22.5 <= found[1].offset_s <= 22.8
    assert all(part.sound.duration_s <= 25.0 for part in found)
    assert [part.offset_s for part in found] == pytest.approx(
        [sum(each.sound.duration_s for each in found[:index]) for index in range(len(found))]
    )


def test_words_get_wall_clock_times_within_the_speech_and_the_mean_is_the_confidence():
    words = (SpokenWord("Hello", 99.0, 101.0, 0.8), SpokenWord("there.", 101.0, 110.0, 0.6))
    utterance, transcript = made(Piece(99.0, 110.0, "Hello there.", True, words))
    assert transcript.text == "Hello there."
    assert transcript.confidence == pytest.approx(0.7)
    assert transcript.words[0].start == utterance.start
    assert transcript.words[0].end == utterance.start + timedelta(seconds=1)
    assert transcript.words[1].end == utterance.end


def test_without_words_the_confidence_is_neutral():
    assert made(Piece(100, 102, "Hello.", True))[1].confidence == NEUTRAL_CONFIDENCE


def test_nothing_told_is_an_empty_transcript():
    transcript = made()[1]
    assert (transcript.text, transcript.confidence, transcript.words, transcript.suppressed) == ("", 0.0, (), ())


def test_a_piece_that_nobody_can_have_said_is_left_out_and_the_rest_kept():
    raving = "on and " * 50
    transcript = made(Piece(100, 101, "Help!", True), Piece(101, 102, raving, True))[1]
    assert transcript.text == "Help!"
    assert transcript.suppressed == (Suppressed(raving, "too_fast"),)


@pytest.mark.parametrize(
    ("text", "probability", "reason"),
    [("...", 0.9, "no_words"), ("la " * 60, 0.05, "repetition"), ("you", 0.01, "unheard_word")],
)
def test_doubtful_text_is_suppressed_with_its_reason(text, probability, reason):
    parts_of_it = text.split()
    words = tuple(
        SpokenWord(word, 100 + index / 5, 100.2 + index / 5, probability) for index, word in enumerate(parts_of_it)
    )
    transcript = made(Piece(100, 113, text, True, words), duration_s=14.0)[1]
    assert transcript.text == ""
    assert [each.reason for each in transcript.suppressed] == [reason]


@pytest.mark.parametrize("text", ["ok", "Help!", "bye", "Help, help, help, help, help!"])
def test_genuine_short_words_pass(text):
    words = tuple(SpokenWord(word, 100.0, 100.3, 0.4) for word in text.split())
    assert made(Piece(100, 101, text, True, words))[1].text == text


def test_the_language_is_the_models_only_one_then_what_was_asked_then_what_was_detected():
    assert language_of("tiny.en", "de", [heard()]) == "en"
    assert language_of("base", "de", [heard(language="de")]) == "de"
    assert language_of(None, None, [heard(language=None), heard(language="es")]) == "es"
    assert language_of(None, None, [heard(language=None)]) is None
