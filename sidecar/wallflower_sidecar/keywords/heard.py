"""What was said in one utterance, in the forms in which rules look at it; each is made when it is first asked for."""

from functools import cached_property
import time
import unicodedata

from .folding import fold, words_of
from .normalise import Spoken, normalise


class Heard:
    """The text of one utterance, in the forms in which rules look at it."""

    def __init__(self, text: str, language: str | None) -> None:
        """Take the text as it was said, and its language if that is known."""
        self.text = text
        self.language = language
        self.heard_s = time.monotonic()

    @cached_property
    def spoken(self) -> Spoken:
        """As words, for phrases."""
        return normalise(self.text, self.language)

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """As it was said, and as plain folded words, for regular expressions."""
        return tuple(dict.fromkeys((unicodedata.normalize("NFC", self.text), " ".join(words_of(fold(self.text))))))
