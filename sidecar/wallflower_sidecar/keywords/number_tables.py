"""Numbers as people say them in the languages of the Unicode CLDR: each is a table of how 0 to 999 are said."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from unicode_rbnf import RbnfEngine

from ..domain.languages import LANGUAGES
from .folding import fold, words_of
from .numbers import ENGLISH, Number, NumberReader

GREATEST = 999
"""Greater ones are said in English only; in other languages they stay words."""

_WITHOUT_BOUNDARIES = frozenset({"km", "lo", "my", "th", "vi"})
"""Scripts whose number words are letters of longer words too, and tones that folding takes away."""

_RULESETS = (
    "spellout-numbering",
    "spellout-cardinal",
    *(
        f"spellout-cardinal-{form}"
        for form in ("masculine", "feminine", "neuter", "reale", "sinokorean", "native", "native-attributive")
    ),
)
"""The forms of the CLDR that name a number by itself; other cases would make tables of megabytes."""

_VARIANTS = {"fr": ("fr", "fr_CH"), "pt": ("pt", "pt_PT")}
_LEFT_OUT = {"de": "ein", "da": "et", "sv": "ett"}
"""What may be left out before a hundred: einhundertzwei, hundertzwei."""

_SPOKEN_TOO = {"de": (("zwo", 2),), "fr": (("octante", 80),)}
"""Said on the telephone, or in a part of the country."""


class NumberTable:
    """A language as a table of its words."""

    def __init__(self, said: dict[tuple[str, ...], int]) -> None:
        """Take the words of each number, folded."""
        self._said = said
        self._longest = max(map(len, said))
        self.beginnings = frozenset(words[0] for words in said)

    def read(self, words: Sequence[str], start: int) -> Number | None:
        """Read the longest number that begins at this word."""
        if words[start] not in self.beginnings:
            return None
        for end in range(min(len(words), start + self._longest), start, -1):
            value = self._said.get(tuple(words[start:end]))
            if value is not None:
                return Number(value, end)
        return None


@lru_cache(maxsize=len(LANGUAGES) + 1)
def numbers_of(language: str | None) -> NumberReader:
    """How numbers are said in a language; in English for one that is not known. The first call for each takes 50 ms."""
    if language is None or language == "en":
        return ENGLISH
    if language in _WITHOUT_BOUNDARIES or language not in RbnfEngine.get_supported_languages():
        return ENGLISH
    said: dict[tuple[str, ...], int] = {}
    doubtful = set()
    for text, value in _spelled(language):
        words = tuple(words_of(fold(text)))
        if words and said.setdefault(words, value) != value:
            doubtful.add(words)
    return NumberTable({words: value for words, value in said.items() if words not in doubtful})


def _spelled(language: str) -> Iterator[tuple[str, int]]:
    for variant in _VARIANTS.get(language, (language,)):
        engine = RbnfEngine.for_language(variant)
        known = [name for name in _RULESETS if name in engine.rulesets]
        for value in range(GREATEST + 1):
            forms = engine.format_number(value, ruleset_names=known).text_by_ruleset.values()
            yield from ((text, value) for text in forms)
    left_out = _LEFT_OUT.get(language)
    if left_out is not None:
        engine = RbnfEngine.for_language(language)
        for value in range(100, 200):
            yield engine.format_number(value).text.removeprefix(left_out), value
    yield from _SPOKEN_TOO.get(language, ())
