"""What a recogniser made of what was said."""

from collections.abc import Sequence
import re

from rapidfuzz.distance import Levenshtein


def words(text: str) -> list[str]:
    """Return the words of a text, case and punctuation dropped."""
    return re.findall(r"[a-z0-9']+", text.lower().replace("’", "'"))


def word_error_rate(said: str | Sequence[str], heard: str | Sequence[str]) -> float:
    """Return wrong, missing and added words as a part of the words said; several texts count as one."""
    expected = words(said if isinstance(said, str) else " ".join(said))
    actual = words(heard if isinstance(heard, str) else " ".join(heard))
    return Levenshtein.distance(expected, actual) / len(expected)
