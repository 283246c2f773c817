"""Makes what is said and what is written comparable: folded words, with numbers as digits."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
import re

from .folding import fold, is_spaceless, words_of
from .number_tables import numbers_of
from .numbers import NumberReader

_DIGIT = re.compile(r"[0-9]")


class Joint(IntEnum):
    """What is between two neighbouring tokens.

    Digits are tokens of their own. Said one by one they are CUT ("nine one"), said as one value they are TIED
    ("twelve"), and written in one numeral they are GLUED: "911" can be said in either way.
    """

    CUT = 0
    GLUED = 1
    TIED = 2


@dataclass(frozen=True, slots=True)
class Spoken:
    """Normalised text: words, single characters of scripts without spaces, single digits; `joints` after each."""

    tokens: tuple[str, ...]
    joints: tuple[Joint, ...]


def normalise(text: str, language: str | None = None) -> Spoken:
    """Return what is compared: equal for "9-1-1", "911" and "nine one one", for "Café!" and "cafe".

    Words that are numbers are those of the language, a code that Whisper knows; English ones if it is not known.
    """
    folded = fold(text)
    words = words_of(folded)
    numbers = numbers_of(language)
    if numbers.beginnings.isdisjoint(words) and not _DIGIT.search(folded):
        return Spoken(tuple(words), (Joint.CUT,) * len(words))
    return _with_digits(words, numbers)


def rendered(tokens: Sequence[str]) -> str:
    """Tokens as text again, for comparing letter by letter: spaces only where the script has them."""
    spaced = " ".join(tokens)
    if spaced.isascii():
        return spaced
    parts: list[str] = []
    after_spaceless = True
    for token in tokens:
        spaceless = is_spaceless(token)
        if parts and not (spaceless and after_spaceless):
            parts.append(" ")
        parts.append(token)
        after_spaceless = spaceless
    return "".join(parts)


def _with_digits(words: list[str], numbers: NumberReader) -> Spoken:
    tokens: list[str] = []
    joints: list[Joint] = []
    position = 0
    while position < len(words):
        word = words[position]
        if word.isdigit() and word.isascii():
            _add_digits(tokens, joints, word, Joint.GLUED)
        elif (number := numbers.read(words, position)) is not None:
            _add_digits(tokens, joints, str(number.value), Joint.TIED)
            position = number.end
            continue
        else:
            tokens.append(word)
            joints.append(Joint.CUT)
        position += 1
    return Spoken(tuple(tokens), tuple(joints))


def _add_digits(tokens: list[str], joints: list[Joint], digits: str, joint: Joint) -> None:
    tokens.extend(digits)
    joints.extend([joint] * (len(digits) - 1))
    joints.append(Joint.CUT)
