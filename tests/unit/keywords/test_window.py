"""The quick look before a fuzzy comparison passes over nothing that the comparison would find."""

import random

import pytest

from wallflower_sidecar.keywords.heard import Heard
from wallflower_sidecar.keywords.normalise import normalise, rendered
from wallflower_sidecar.keywords.window import Window

WORDS = (
    "call", "the", "police", "now", "help", "me", "open", "front", "door", "fire", "smoke", "child",
    "in", "pool", "somebody", "at", "gate", "quick",
)  # fmt: skip


def garbled(dice, text):
    """Some letters lost, doubled or replaced."""
    letters = list(text)
    for _ in range(dice.randint(0, 1 + len(text) // 4)):
        at = dice.randrange(len(letters))
        letters[at] = dice.choice(["", letters[at] * 2, dice.choice("aeiourst ")])
    return "".join(letters)


@pytest.mark.parametrize("threshold", [0.0, 40.0, 60.0, 75.0, 85.0, 95.0, 100.0])
def test_the_quick_look_loses_nothing(threshold):
    dice = random.Random(threshold)
    found = 0
    for _ in range(1500):
        phrase = " ".join(dice.sample(WORDS, dice.randint(1, 4)))
        said = " ".join([*dice.choices(WORDS, k=dice.randint(0, 6)), garbled(dice, phrase), *dice.choices(WORDS, k=2)])
        before = Heard(" ".join(dice.choices(WORDS, k=3)), None) if dice.random() < 0.5 else None
        spoken = normalise(phrase)
        text = rendered(spoken.tokens)
        unhurried = Window(Heard(said, None), before)
        unhurried._may_be_like = lambda *_: True
        where = unhurried.find_like(spoken, text, threshold)
        assert Window(Heard(said, None), before).find_like(spoken, text, threshold) is where, (phrase, said)
        found += where is not None
    assert found > 0
