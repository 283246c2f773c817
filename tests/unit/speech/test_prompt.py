"""How expected words are put to Whisper, and when."""

import pytest

from wallflower_sidecar.speech.prompt import LONGEST_PROMPT, hotword_prompt, likeness, may_be_missed, mentioned


def test_each_word_is_a_sentence_of_its_own():
    assert hotword_prompt(["help", "water meter", "Fire!"]) == "Help. Water meter. Fire."


def test_repeated_and_empty_words_leave_no_trace():
    assert hotword_prompt(["help", "", "  ", "help"]) == "Help."


def test_without_words_there_is_no_prompt():
    assert hotword_prompt([]) is None
    assert hotword_prompt([" "]) is None


def test_the_prompt_is_bounded_and_a_word_too_long_does_not_keep_the_next_out():
    prompt = hotword_prompt(["x" * 400, *(f"word{number}" for number in range(200))])
    assert prompt.startswith("Word0. Word1.")
    assert LONGEST_PROMPT - 10 < len(prompt) <= LONGEST_PROMPT
    assert prompt.endswith(".")


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("Help!", {"help"}),
        ("The water-meter is broken", {"water meter"}),
        ("helpless", set()),
        ("SEÑOR, FEUER", {"señor"}),
        ("", set()),
    ],
)
def test_a_hotword_is_in_a_text_as_whole_words(text, there):
    assert mentioned(text, ["help", "water meter", "señor", "!"]) == there


def test_a_hotword_is_like_words_that_run_together_or_fall_apart():
    assert likeness(["i", "smell", "smoke"], "smoke") == 1
    assert likeness(["an", "in", "truder"], "intruder") == 1
    assert likeness(["the", "watermeter"], "water meter") == 1
    assert likeness(["good", "morning"], "fire") < 0.5
    assert likeness([], "fire") == 0


@pytest.mark.parametrize(
    ("text", "mean_log_probability", "missed"),
    [
        ("tire.", -0.2, True),  # like "fire"
        ("Good morning.", -0.2, False),
        ("Good morning.", -0.9, True),  # badly heard
        ("Fire!", -0.2, False),
        ("Fire and help!", -0.9, False),  # nothing is left to be missed
    ],
)
def test_hotwords_are_looked_for_where_the_text_leaves_room_for_them(text, mean_log_probability, missed):
    assert may_be_missed(text, mean_log_probability, ["fire", "help"]) is missed


def test_without_hotwords_none_is_missed():
    assert not may_be_missed("tire.", -2.0, [])
