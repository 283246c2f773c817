"""One form for case, width, accents, apostrophes and digits of any script, and the words in it."""

import re
import unicodedata

import regex

from ..domain.scripts import SPACELESS

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
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")

_WORD = regex.compile(rf"{SPACELESS}\p{{M}}*|[0-9]+|(?:(?!{SPACELESS})[\p{{L}}\p{{M}}\p{{Nl}}\p{{No}}])+")
_ASCII_WORD = re.compile(r"[a-z]+|[0-9]+")
_IS_SPACELESS = regex.compile(SPACELESS)


def fold(text: str) -> str:
    """Fold case, width, accents, apostrophes and digits of any script; punctuation stays."""
    folded = text.lower().replace("`", "'") if text.isascii() else _fold_any(text)
    return _IN_WORD.sub("", _ELISION.sub(r"\1 ", folded)) if "'" in folded else folded


def words_of(folded: str) -> list[str]:
    """The words of folded text; a character each in scripts without spaces; digits apart from letters."""
    if "," in folded:
        folded = _THOUSANDS.sub("", folded)
    return (_ASCII_WORD if folded.isascii() else _WORD).findall(folded)


def is_spaceless(token: str) -> bool:
    """Whether a token is of a script that writes no spaces between words."""
    return not token.isascii() and _IS_SPACELESS.match(token) is not None


def _fold_any(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).casefold()
    text = _INAUDIBLE.sub("", unicodedata.normalize("NFKD", text))
    text = unicodedata.normalize("NFC", text).translate(_LETTERS)
    return text if text.isascii() else "".join(str(unicodedata.decimal(char, char)) for char in text)
