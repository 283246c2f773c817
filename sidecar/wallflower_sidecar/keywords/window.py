"""What a phrase is looked for in: an utterance, with the one before it when they are near in time."""

from collections.abc import Iterator, KeysView
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
        self._made_rows: dict[int, tuple[list[str], dict[tuple[int, int], str]]] = {}

    @property
    def words(self) -> KeysView[str]:
        """Every word that occurs, once."""
        return self._places.keys()

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
        present, over_both = self._rows(len(phrase.tokens))
        if process.extractOne(text, present, scorer=fuzz.ratio, score_cutoff=threshold):
            return Where.PRESENT
        if not over_both:
            return None
        for _, _, start in process.extract(text, over_both, scorer=fuzz.ratio, score_cutoff=threshold, limit=None):
            if fuzz.ratio(text, rendered(self._tokens[start[0] : self._boundary])) < threshold:
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
