"""What a stream was heard in weighs in the next detection."""

import pytest

from wallflower_sidecar.speech.language_memory import SURE_S, LanguageMemory, weigh


def test_at_first_every_language_weighs_the_same():
    assert LanguageMemory().weights == {"": 1.0}
    assert weigh({"de": 0.5, "en": 0.3, "nl": 0.2}, {}) == ("de", 0.5)


def test_a_doubtful_detection_goes_to_the_language_of_the_stream():
    memory = LanguageMemory()
    for _ in range(5):
        memory.hear("de", 0.95, 4.0)
    language, probability = weigh({"en": 0.55, "de": 0.4, "nl": 0.05}, memory.weights)
    assert language == "de"
    assert probability > 0.6


def test_a_sure_detection_goes_against_it():
    memory = LanguageMemory()
    for _ in range(100):
        memory.hear("de", 0.99, 10.0)
    assert weigh({"en": 0.99, "de": 0.01}, memory.weights)[0] == "en"


def test_little_speech_proves_little():
    memory = LanguageMemory()
    memory.hear("de", 1.0, SURE_S)
    assert memory.weights == pytest.approx({"de": 1.0, "": 0.5})


def test_both_languages_of_a_house_are_known():
    memory = LanguageMemory()
    for _ in range(20):
        memory.hear("de", 0.9, 5.0)
        memory.hear("en", 0.9, 5.0)
    weights = memory.weights
    assert weights["de"] == pytest.approx(weights["en"], rel=0.1)
    assert weights[""] < weights["de"] / 3


def test_what_was_heard_long_ago_fades():
    memory = LanguageMemory(half_life_s=60)
    memory.hear("fr", 1.0, 60)
    for _ in range(12):
        memory.hear("en", 1.0, 20)
    assert memory.weights["fr"] < 0.25
