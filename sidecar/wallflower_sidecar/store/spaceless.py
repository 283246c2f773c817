"""Words of scripts without spaces: looked for within the text, since an index of words has whole sentences of them."""

from collections.abc import Collection
from dataclasses import dataclass
import re
from typing import Self
import unicodedata

import regex
from sqlalchemy import ColumnElement

from ..domain.scripts import SPACELESS
from .schema import SEGMENTS
from .search_query import SearchQuery, Term, is_indexed

_SPACELESS = regex.compile(SPACELESS)


@dataclass(frozen=True, slots=True)
class Within:
    """What must stand, and what must not, anywhere in the text."""

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    @classmethod
    def taken_from(cls, query: SearchQuery) -> tuple[Self, SearchQuery]:
        """Take the words without spaces around them out of a search; returns them and what is left for the index."""
        wanted, indexed = _apart(query.wanted)
        unwanted, not_indexed = _apart(query.unwanted)
        return cls(wanted, unwanted), SearchQuery(indexed, not_indexed)

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.wanted or self.unwanted)

    def conditions(self) -> list[ColumnElement[bool]]:
        """The conditions for segments; they read each text that nothing else rules out."""
        text = SEGMENTS.c.text
        return [
            *(text.icontains(each, autoescape=True) for each in self.wanted),
            *(~text.icontains(each, autoescape=True) for each in self.unwanted),
        ]

    def marked(self, text: str, marks: tuple[str, str]) -> str:
        """The text with marks around what was wanted, but for where there are some already."""
        if not self.wanted:
            return text
        opened, closed = marks
        wanted = re.compile("|".join(map(re.escape, sorted(self.wanted, key=len, reverse=True))), re.IGNORECASE)
        parts = re.split(f"({re.escape(opened)}.*?{re.escape(closed)})", text, flags=re.DOTALL)
        return "".join(
            part if part.startswith(opened) else wanted.sub(rf"{opened}\g<0>{closed}", part) for part in parts
        )


def _apart(terms: Collection[Term]) -> tuple[tuple[str, ...], tuple[Term, ...]]:
    bare = {term: _bare(term.text) for term in terms}
    within = {term: word for term, word in bare.items() if _SPACELESS.search(word) and all(map(_is_letter, word))}
    return tuple(dict.fromkeys(within.values())), tuple(term for term in terms if term not in within)


def _bare(text: str) -> str:
    """Without the punctuation at both ends."""
    places = [at for at, char in enumerate(text) if _is_letter(char)]
    return text[places[0] : places[-1] + 1]


def _is_letter(char: str) -> bool:
    return is_indexed(char) or unicodedata.category(char)[0] == "M"
