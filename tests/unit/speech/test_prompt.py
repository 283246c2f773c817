"""How expected words are put to Whisper."""

from wallflower_sidecar.speech.prompt import LONGEST_PROMPT, hotword_prompt


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
