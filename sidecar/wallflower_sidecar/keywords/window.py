"""What a phrase is looked for in: an utterance, with the one before it when they are near in time."""

from collections.abc import Iterator
from enum import Enum, auto
from functools import cached_property

from rapidfuzz import fuzz, process

from .normalise import Joint, Spoken, rendered

NOTHING = Spoken((), ())


class Where(Enum):
    """Where a phrase was said: in the present utterance alone, or begun in the earlier one."""

    PRESENT = auto()
    BOTH = auto()


class Window:
    """Tokens of the earlier utterance, then those of the present one; what is found ends in the present one."""

    def __init__(self, present: Spoken, earlier: Spoken = NOTHING) -> None:
        """Look at the present utterance, and at the earlier one for what runs over both."""
        self._tokens = earlier.tokens + present.tokens
        self._joints = earlier.joints + present.joints
        self._boundary = len(earlier.tokens)
        self._made_rows: dict[tuple[int, int], list[str]] = {}

    def find(self, phrase: Spoken) -> Where | None:
        """Where a phrase was said, word for word."""
        where = None
        for start in self._occurrences(phrase):
            if start >= self._boundary:
                return Where.PRESENT
            if start + len(phrase.tokens) > self._boundary:
                where = Where.BOTH
        return where

    def find_like(self, phrase: Spoken, text: str, threshold: float) -> Where | None:
        """Where words in a row, up to one more or less than the phrase has, come near enough to its text (of 100).

        A row that needs the earlier utterance counts only if that one's part alone was not near enough already.
        """
        lengths = range(max(1, len(phrase.tokens) - 1), len(phrase.tokens) + 2)
        for length in lengths:
            if process.extractOne(text, self._present_rows(length), scorer=fuzz.ratio, score_cutoff=threshold):
                return Where.PRESENT
        for length in lengths:
            near = process.extract(text, self._rows_over_both(length), scorer=fuzz.ratio, score_cutoff=threshold)
            for _, _, index in near:
                start = max(0, self._boundary - length + 1) + index
                if fuzz.ratio(text, rendered(self._tokens[start : self._boundary])) < threshold:
                    return Where.BOTH
        return None

    def mentions(self, phrase: Spoken, where: Where) -> bool:
        """Whether a phrase was said in the utterances in question, or runs into the present one."""
        if where is Where.PRESENT:
            return self.find(phrase) is not None
        return any(True for _ in self._occurrences(phrase))

    def _occurrences(self, phrase: Spoken) -> Iterator[int]:
        """The indexes at which a phrase begins, in either utterance."""
        length = len(phrase.tokens)
        for start in self._places.get(phrase.tokens[0], ()):
            end = start + length
            if self._tokens[start:end] == phrase.tokens and self._fits(phrase, start, end):
                yield start

    def _present_rows(self, length: int) -> list[str]:
        return self._rows(length, self._boundary, len(self._tokens) - length + 1)

    def _rows_over_both(self, length: int) -> list[str]:
        first = max(0, self._boundary - length + 1)
        return self._rows(length, first, min(self._boundary, len(self._tokens) - length + 1))

    def _rows(self, length: int, first: int, stop: int) -> list[str]:
        """The rows of this length that begin at these tokens, made once."""
        key = (length, first)
        if key not in self._made_rows:
            self._made_rows[key] = [rendered(self._tokens[at : at + length]) for at in range(first, stop)]
        return self._made_rows[key]

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        places: dict[str, list[int]] = {}
        for index, token in enumerate(self._tokens):
            places.setdefault(token, []).append(index)
        return places

    def _fits(self, phrase: Spoken, start: int, end: int) -> bool:
        """Whether the phrase takes in whole numerals, and its digits are said in a way that can agree."""
        if start and self._joints[start - 1] is not Joint.CUT:
            return False
        if self._joints[end - 1] is not Joint.CUT:
            return False
        return all(
            mine is theirs or Joint.GLUED in {mine, theirs}
            for mine, theirs in zip(phrase.joints[:-1], self._joints[start : end - 1], strict=True)
        )
