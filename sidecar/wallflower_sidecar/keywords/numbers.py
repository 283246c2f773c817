"""Numbers read from words, and how English says them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Number:
    """A number read from words: its value, and the index of the first word after it."""

    value: int
    end: int


class NumberReader(Protocol):
    """Finds the numbers of one language among folded words."""

    @property
    def beginnings(self) -> frozenset[str]:
        """The words that a number may begin with."""

    def read(self, words: Sequence[str], start: int) -> Number | None:
        """Read the longest number that begins at this word."""


@dataclass(frozen=True, slots=True)
class NumberWords:
    """A language whose numbers are said from the greatest part to the smallest: "two hundred and six".

    `small` are those below twenty, `scales` the thousand and up; `one` may stand for 1 before a hundred or a scale
    ("a hundred"), `joiners` between the parts ("and").
    """

    small: Mapping[str, int]
    tens: Mapping[str, int]
    hundred: frozenset[str]
    scales: Mapping[str, int]
    one: frozenset[str] = frozenset()
    joiners: frozenset[str] = frozenset()
    beginnings: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        begins = {*self.small, *self.tens, *self.hundred, *self.scales, *self.one}
        object.__setattr__(self, "beginnings", frozenset(begins))

    def read(self, words: Sequence[str], start: int) -> Number | None:
        """Read the longest number that begins at this word."""
        if words[start] not in self.beginnings:
            return None
        total, position, bound = 0, start, 1 << 62
        while True:
            part = self._below_thousand(words, position)
            if part is None:
                break
            scale = self.scales.get(_at(words, part.end), 1)
            if scale >= bound:
                break
            total += part.value * scale
            position = part.end + (scale > 1)
            if scale == 1:
                break
            bound = scale
            joined = position + (_at(words, position) in self.joiners)
            if self._below_thousand(words, joined) is None:
                break
            position = joined
        return None if position == start else Number(total, position)

    def _below_thousand(self, words: Sequence[str], start: int) -> Number | None:
        word, following = _at(words, start), _at(words, start + 1)
        if word in self.hundred:
            return self._after_hundred(words, 100, start + 1)
        if following in self.hundred and (word in self.one or 1 <= self.small.get(word, 0) <= 19):  # noqa: PLR2004
            return self._after_hundred(words, self.small.get(word, 1) * 100, start + 2)
        if word in self.one:
            return Number(1, start + 1) if following in self.scales else None
        if word in self.scales:
            return Number(1, start)
        return self._below_hundred(words, start)

    def _after_hundred(self, words: Sequence[str], hundreds: int, position: int) -> Number:
        rest = self._below_hundred(words, position + (_at(words, position) in self.joiners))
        return Number(hundreds, position) if rest is None else Number(hundreds + rest.value, rest.end)

    def _below_hundred(self, words: Sequence[str], start: int) -> Number | None:
        word = _at(words, start)
        if word in self.small:
            return Number(self.small[word], start + 1)
        if word not in self.tens:
            return None
        unit = self.small.get(_at(words, start + 1), 0)
        if 1 <= unit <= 9:  # noqa: PLR2004
            return Number(self.tens[word] + unit, start + 2)
        return Number(self.tens[word], start + 1)


def _at(words: Sequence[str], index: int) -> str:
    return words[index] if index < len(words) else ""


_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"

ENGLISH = NumberWords(
    small={word: value for value, word in enumerate(_SMALL.split())},
    tens={word: 20 + 10 * index for index, word in enumerate(_TENS.split())},
    hundred=frozenset({"hundred"}),
    scales={"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000},
    one=frozenset({"a"}),
    joiners=frozenset({"and"}),
)
