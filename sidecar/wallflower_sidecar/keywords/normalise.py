"""Makes what is said and what is written comparable: one form for case, accents, punctuation and numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
import unicodedata

import regex

from .numbers import ENGLISH, NumberWords

_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼʻ`´′＇ʹ", "'"))

# Accents of Latin, Greek and Cyrillic, Hebrew points, Arabic vowel signs. The vowel signs of Indic scripts and Thai
# and the voicing marks of kana stay: those are as good as letters.
_ACCENTS = r"\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_POINTS = r"\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed"
_INAUDIBLE = regex.compile(rf"[{_ACCENTS}{_POINTS}\p{{Cf}}]+")

_KATAKANA_TO_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
_LETTERS: dict[int, int | str] = {ord("ı"): "i", **_KATAKANA_TO_HIRAGANA}

# French, Italian and Catalan write a word before an apostrophe that is a word of its own: l'aiuto, d'accord.
_ELISION = regex.compile(r"\b(l|d|j|m|t|s|n|c|qu|un|dell|all|nell|sull|dall|quest|quell|jusqu|lorsqu|puisqu)'(?=\p{L})")
_IN_WORD = regex.compile(r"(?<=[\p{L}\p{M}])'(?=\p{L})")
_THOUSANDS = regex.compile(r"(?<=\d),(?=\d{3}(?!\d))")

_SPACELESS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー]"
_WORD = regex.compile(rf"{_SPACELESS}\p{{M}}*|[0-9]+|(?:(?!{_SPACELESS})[\p{{L}}\p{{M}}\p{{Nl}}\p{{No}}])+")
_IS_SPACELESS = regex.compile(_SPACELESS)


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


def fold(text: str) -> str:
    """Fold case, width, accents, apostrophes and digits of any script; punctuation stays."""
    text = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).casefold()
    text = _INAUDIBLE.sub("", unicodedata.normalize("NFKD", text))
    text = unicodedata.normalize("NFC", text).translate(_LETTERS)
    if not text.isascii():
        text = "".join(str(unicodedata.decimal(char, char)) for char in text)
    return _IN_WORD.sub("", _ELISION.sub(r"\1 ", text))


def words_of(folded: str) -> list[str]:
    """The words of folded text; a character each in scripts without spaces; digits apart from letters."""
    return _WORD.findall(_THOUSANDS.sub("", folded))


def normalise(text: str, numbers: NumberWords = ENGLISH) -> Spoken:
    """Return what is compared: equal for "9-1-1", "911" and "nine one one", for "Café!" and "cafe"."""
    words = words_of(fold(text))
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


def rendered(tokens: Sequence[str]) -> str:
    """Tokens as text again, for comparing letter by letter: spaces only where the script has them."""
    parts: list[str] = []
    after_spaceless = True
    for token in tokens:
        spaceless = _IS_SPACELESS.match(token) is not None
        if parts and not (spaceless and after_spaceless):
            parts.append(" ")
        parts.append(token)
        after_spaceless = spaceless
    return "".join(parts)


def _add_digits(tokens: list[str], joints: list[Joint], digits: str, joint: Joint) -> None:
    tokens.extend(digits)
    joints.extend([joint] * (len(digits) - 1))
    joints.append(Joint.CUT)
