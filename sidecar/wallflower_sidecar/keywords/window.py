"""What a phrase is looked for in: an utterance, with the one before it when they are near in time."""

from collections.abc import Iterator
from enum import Enum, auto
from functools import cached_property

from rapidfuzz import fuzz, process

from .heard import Heard
from .normalise import Joint, Spoken, rendered

ALIGNED_EXACTLY = 64
"""Of a text with at most so many letters rapidfuzz finds the best place in another one, not merely a good one."""


class Where(Enum):
    """Where a phrase was said: in the present utterance alone, or begun in the earlier one."""

    PRESENT = auto()
    BOTH = auto()


class Window:
    """Tokens of the earlier utterance, then those of the present one; what is found ends in the present one."""

    def __init__(self, present: Heard, earlier: Heard | None = None) -> None:
        """Look at the present utterance, and at the earlier one for what runs over both."""
        self._present = present
        self._earlier = earlier
        self._made_rows: dict[int, tuple[list[str], dict[tuple[int, int], str]]] = {}

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word that occurs."""
        return frozenset(self._tokens)

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
        if not self._may_be_like(text, threshold):
            return None
        present, over_both = self._rows(len(phrase.tokens))
        if process.extractOne(text, present, scorer=fuzz.ratio, score_cutoff=threshold):
            return Where.PRESENT
        if not over_both:
            return None
        for _, _, start in process.extract(text, over_both, scorer=fuzz.ratio, score_cutoff=threshold, limit=None):
            if fuzz.ratio(text, rendered(self._tokens[start[0] : self._boundary])) < threshold:
                return Where.BOTH
        return None

    def _may_be_like(self, text: str, threshold: float) -> bool:
        """Whether it is worth making rows: a quick look at all parts of the text that are as long as the phrase.

        A row with a ratio of t to a phrase of n letters has n t/(2-t) to n (2-t)/t letters and at least t/2 of both
        their letters in common with it; a part of n letters of it or around it then has at least `least` of n.
        """
        if len(text) > ALIGNED_EXACTLY or len(self._text) < len(text) or not threshold:
            return True
        part = threshold / 100
        least = min(part / (2 - part), part - (1 - part) * (2 - part) / part)
        return least <= 0 or fuzz.partial_ratio(text, self._text, score_cutoff=100 * least - 1) > 0

    def mentions(self, phrase: Spoken, where: Where) -> bool:
        """Whether a phrase was said in the utterances in question, or runs into the present one."""
        if where is Where.PRESENT:
            return self.find(phrase) is not None
        return any(True for _ in self._occurrences(phrase))

    def _occurrences(self, phrase: Spoken) -> Iterator[int]:
        """The indexes at which a phrase begins, in either utterance."""
        first, length = phrase.tokens[0], len(phrase.tokens)
        if not self.words.issuperset(phrase.tokens):
            return
        start = -1
        while True:
            try:
                start = self._tokens.index(first, start + 1)
            except ValueError:
                return
            end = start + length
            if self._tokens[start:end] == phrase.tokens and self._fits(phrase, start, end):
                yield start

    def _rows(self, words: int) -> tuple[list[str], dict[tuple[int, int], str]]:
        """The rows of about so many words: those of the present utterance, and those over both by start and length."""
        made = self._made_rows.get(words)
        if made is None:
            present: list[str] = []
            over_both: dict[tuple[int, int], str] = {}
            for length in range(max(1, words - 1), words + 2):
                for start in range(max(0, self._boundary - length + 1), len(self._tokens) - length + 1):
                    row = rendered(self._tokens[start : start + length])
                    if start < self._boundary:
                        over_both[start, length] = row
                    else:
                        present.append(row)
            made = self._made_rows[words] = present, over_both
        return made

    @cached_property
    def _tokens(self) -> tuple[str, ...]:
        present = self._present.spoken.tokens
        return present if self._earlier is None else self._earlier.spoken.tokens + present

    @cached_property
    def _joints(self) -> tuple[Joint, ...]:
        present = self._present.spoken.joints
        return present if self._earlier is None else self._earlier.spoken.joints + present

    @cached_property
    def _boundary(self) -> int:
        """The index of the present utterance's first token."""
        return 0 if self._earlier is None else len(self._earlier.spoken.tokens)

    @cached_property
    def _text(self) -> str:
        return rendered(self._tokens)

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
