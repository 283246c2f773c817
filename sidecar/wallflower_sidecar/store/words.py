"""Words as FTS5 has them too: runs of letters and digits, without case and accents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import re
import unicodedata

from .search_query import is_indexed

LONGEST_WORD = 500
"""Characters of a word that count; PostgreSQL takes 2,046 bytes."""

_ASCII_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A folded word and where it stands in the text."""

    text: str
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """The words of a text in their order."""
    if text.isascii():
        for match in _ASCII_WORD.finditer(text.lower()):
            yield Word(match[0][:LONGEST_WORD], match.start(), match.end())
        return
    start = None
    for at, char in enumerate(text):
        if _is_part(char, within=start is not None):
            start = at if start is None else start
        elif start is not None:
            yield _word(text, start, at)
            start = None
    if start is not None:
        yield _word(text, start, len(text))


def folded(text: str) -> list[str]:
    """The words of a text without their places."""
    return [word.text for word in words(text)]


def dotted(text: str) -> str:
    """The text with i for ı, which case folding keeps apart: IŞIK is the capital form of ışık."""
    return text.replace("ı", "i")


def occurrences(said: Sequence[Word], phrase: Sequence[str], *, is_prefix: bool) -> Iterator[tuple[int, int]]:
    """Where a phrase stands in a text: the first character, and the one after the last."""
    for first in range(len(said) - len(phrase) + 1):
        stretch = said[first : first + len(phrase)]
        if all(word.text == wanted for word, wanted in zip(stretch[:-1], phrase[:-1], strict=True)):
            last = stretch[-1].text
            if last == phrase[-1] or (is_prefix and last.startswith(phrase[-1])):
                yield stretch[0].start, stretch[-1].end


def _is_part(char: str, *, within: bool) -> bool:
    return is_indexed(char) or (within and unicodedata.category(char)[0] == "M")


def _word(text: str, start: int, end: int) -> Word:
    apart = unicodedata.normalize("NFD", unicodedata.normalize("NFD", dotted(text[start:end])).casefold())
    return Word("".join(filter(is_indexed, apart))[:LONGEST_WORD], start, end)
