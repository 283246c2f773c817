"""What is made of the engine's answers."""

from datetime import timedelta
from pathlib import Path

import numpy as np

from wallflower_sidecar.domain.transcripts import Suppressed
from wallflower_sidecar.processes.wire import Decoder, encode
from wallflower_sidecar.speech.embedded import messages
from wallflower_sidecar.speech.embedded.engine import decode_threads
from wallflower_sidecar.speech.models.find import LocalModel

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
        language_probability=0.7,
    )
    transcript = messages.read_transcript(answer, utterance)
    assert transcript.language_probability == 0.7
    assert [(word.start - SAID_AT, word.end - SAID_AT) for word in transcript.words] == [
        (timedelta(0), timedelta(seconds=0.2)),
        (timedelta(seconds=0.2), timedelta(seconds=1)),
        (timedelta(seconds=1), timedelta(seconds=2)),
    ]
    assert [(word.word, word.probability) for word in transcript.words] == [("so", 0.8), ("it", 0.9), ("is", 1.0)]


def test_suppressed_text_comes_with_its_reason():
    utterance = utterance_of(np.zeros(16_000, np.int16))
    answer = messages.transcript(
        1, "", None, 0.0, words=[], phantoms=["doubt"], suppressed=[("Thank you.", "doubt"), ("la la", "repetition")]
    )
    transcript = messages.read_transcript(answer, utterance)
    assert transcript.suppressed == (Suppressed("Thank you.", "doubt"), Suppressed("la la", "repetition"))


def test_a_model_survives_the_wire():
    model = LocalModel("base", Path("/models/base"), {"model.bin": "12"})
    (message,) = Decoder().feed(encode(messages.load(model, 2, 7)))
    assert (messages.read_load(message), message["threads"], message["number"]) == (model, 2, 7)


def test_one_core_stays_free_and_four_threads_are_enough():
    assert [decode_threads(cores) for cores in (1, 2, 3, 4, 5, 8, 64)] == [1, 1, 2, 3, 4, 4, 4]
