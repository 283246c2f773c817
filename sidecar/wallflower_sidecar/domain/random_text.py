"""Tells a key that a machine made from what people call their cameras. Pure."""

from itertools import pairwise
import re

LEAST = 16
"""Characters of what is taken for a key."""

_LEAST_UNBROKEN = 12
_LEAST_CHANGES = 3
_LEAST_LETTERS = 3
"""A time such as `20261122T070000Z` has fewer."""

_MOSTLY_WORDS = 0.6
"""The part of its letters in words from which on a text is taken to be made of them."""

_KEY = re.compile(rf"[A-Za-z0-9_~.+%-]{{{LEAST},}}=*")
_UNBROKEN = re.compile(rf"[A-Za-z0-9]{{{_LEAST_UNBROKEN},}}")
_HEXADECIMAL = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_WORD = re.compile(r"[A-Z]?[a-z]{4,}|[A-Z][a-z]{3}|[A-Z]{5,}")
_UNSPEAKABLE = re.compile(r"(?i)[^aeiouy]{4}|[aeiou]{3}|^[^aeiouy]+$|[jqxz][^aeiouy]|[^aeiouy][jqxz]")
_UUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def looks_random(text: str) -> bool:
    """Whether a text of 16 characters or more is a UUID, hexadecimal or base64 rather than words and numbers.

    Letters and digits take turns in it, or lower and upper case do; `h264Preview_01_main` has words.
    """
    if not _KEY.fullmatch(text):
        return False
    return bool(_UUID.search(text)) or any(_is_mixed(piece) for piece in _UNBROKEN.findall(text))


def _is_mixed(piece: str) -> bool:
    letters = sum(character.isalpha() for character in piece)
    if letters < _LEAST_LETTERS or letters == len(piece):
        return False
    if _HEXADECIMAL.fullmatch(piece):
        return True
    changes = sum(_changes(before, after) for before, after in pairwise(piece))
    words = [word for word in _WORD.findall(piece) if not _UNSPEAKABLE.search(word)]
    return changes >= _LEAST_CHANGES and sum(map(len, words)) < _MOSTLY_WORDS * letters


def _changes(before: str, after: str) -> bool:
    """Whether another kind of character begins; a capital begins a word, so what follows it does not count."""
    return before.isdigit() != after.isdigit() or (before.islower() and after.isupper())
