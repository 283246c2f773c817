"""What is made of the engine's answers."""

from datetime import timedelta

import numpy as np

from wallflower_sidecar.speech import messages
from wallflower_sidecar.speech.engine import decode_threads

from .utterances import SAID_AT, utterance_of


def test_word_times_count_from_the_first_sample_and_stay_within_the_speech():
    utterance = utterance_of(np.zeros(2 * 16_000, np.int16))
    answer = messages.transcript(
        1,
        "so it is",
        "en",
        0.9,
        words=[("so", 0.1, 0.5, 0.8), ("it", 0.5, 1.3, 0.9), ("is", 1.3, 2.9, 1.0)],
        phantoms=[],
    )
    transcript = messages.read_transcript(answer, utterance)
    assert [(word.start - SAID_AT, word.end - SAID_AT) for word in transcript.words] == [
        (timedelta(0), timedelta(seconds=0.2)),
        (timedelta(seconds=0.2), timedelta(seconds=1)),
        (timedelta(seconds=1), timedelta(seconds=2)),
    ]
    assert [(word.word, word.probability) for word in transcript.words] == [("so", 0.8), ("it", 0.9), ("is", 1.0)]


def test_one_core_stays_free_and_four_threads_are_enough():
    assert [decode_threads(cores) for cores in (1, 2, 3, 4, 5, 8, 64)] == [1, 1, 2, 3, 4, 4, 4]
