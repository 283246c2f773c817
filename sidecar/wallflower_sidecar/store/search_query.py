"""The search language: plain words (all must occur), "a phrase", -not, prefix*. No input is an error."""

from dataclasses import dataclass
import re
import unicodedata

MAX_TERMS = 200
"""The first so many different words and phrases count; an utterance holds fewer."""

_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "＂": '"'})
_TERM = re.compile(r'(?P<minus>-*)(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))(?P<star>\**)')


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase, as it was typed; with `is_prefix` its last word may go on."""

    text: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What must occur, and what must not; each term holds a letter or a digit at least."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A row of `segments` that matches a search; the lower the score, the better."""

    seq: int
    score: float


def parse_search(text: str) -> SearchQuery | None:
    """Read a search; None for blank text. What holds no letter or digit takes no part."""
    clean = "".join(" " if unicodedata.category(char) in {"Cc", "Cs", "Cf"} else char for char in text)
    clean = clean.translate(_QUOTES)
    if not clean.strip():
        return None
    terms: dict[tuple[bool, Term], None] = {}
    for match in _TERM.finditer(clean):
        term = _term(match)
        if term is not None:
            terms[bool(match["minus"]), term] = None
        if len(terms) == MAX_TERMS:
            break
    return SearchQuery(tuple(term for minus, term in terms if not minus), tuple(term for minus, term in terms if minus))


def _term(match: re.Match[str]) -> Term | None:
    words = match["phrase"] if match["word"] is None else match["word"]
    if not any(is_indexed(char) for char in words):
        return None
    return Term(words, bool(match["star"]) or (match["word"] is not None and words.endswith("*")))


def is_indexed(char: str) -> bool:
    """Whether words are made of this character: letters, numbers, private use (as FTS5's unicode61 has it)."""
    category = unicodedata.category(char)
    return category[0] in "LN" or category == "Co"
