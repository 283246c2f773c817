"""The search language: plain words (all must occur), "a phrase", -not, prefix*. No input is an error."""

from dataclasses import dataclass
import re
import unicodedata

MAX_TERMS = 200
"""The first so many different words and phrases count; an utterance holds fewer."""

_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "＂": '"'})
_TERM = re.compile(r'(?P<minus>-*)(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))(?P<star>\**)')


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What to look for, as expressions of FTS5 (sqlite.org/fts5.html 3); None where there is nothing."""

    wanted: str | None
    unwanted: str | None

    @property
    def expression(self) -> str | None:
        """Both in one, None unless something is wanted."""
        if self.wanted is None or self.unwanted is None:
            return self.wanted
        return f"({self.wanted}) NOT ({self.unwanted})"


def parse_search(text: str) -> SearchQuery | None:
    """Read a search; None for blank text. What holds no letter or digit takes no part."""
    clean = "".join(" " if unicodedata.category(char) in {"Cc", "Cs", "Cf"} else char for char in text)
    clean = clean.translate(_QUOTES)
    if not clean.strip():
        return None
    terms: dict[tuple[bool, str], None] = {}
    for match in _TERM.finditer(clean):
        expression = _expression(match)
        if expression is not None:
            terms[bool(match["minus"]), expression] = None
        if len(terms) == MAX_TERMS:
            break
    wanted = [expression for minus, expression in terms if not minus]
    unwanted = [expression for minus, expression in terms if minus]
    return SearchQuery(" AND ".join(wanted) or None, " OR ".join(unwanted) or None)


def _expression(match: re.Match[str]) -> str | None:
    words = match["phrase"] if match["word"] is None else match["word"]
    if not any(_is_indexed(char) for char in words):
        return None
    is_prefix = bool(match["star"]) or (match["word"] is not None and words.endswith("*"))
    return f'"{words}"*' if is_prefix else f'"{words}"'


def _is_indexed(char: str) -> bool:
    """Whether unicode61 makes tokens of this character: letters, numbers, private use."""
    category = unicodedata.category(char)
    return category[0] in "LN" or category == "Co"
