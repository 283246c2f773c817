"""Regular expressions on what is said: within a time for each utterance, and given up where they are too slow."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
import time
import unicodedata

from .folding import fold, words_of
from .patterns import SEARCH_S
from .rules import CompiledRule

UTTERANCE_S = 0.1
"""The most that all searches of an utterance may take together; beyond it each has a millisecond."""

LEAST_S = 0.001
STRIKES = 3
"""An expression that was too slow so often is not tried again until its rule is set anew."""


class Heard:
    """The text of one utterance for regular expressions."""

    def __init__(self, text: str) -> None:
        """Take the text as it was said."""
        self.text = text
        self.ends_s = time.monotonic() + UTTERANCE_S

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """As it was said, and as plain folded words."""
        return tuple(dict.fromkeys((unicodedata.normalize("NFC", self.text), " ".join(words_of(fold(self.text))))))


@dataclass(frozen=True, slots=True)
class Searched:
    """What a rule's search brought: the expression that matched, and whether the time did not suffice."""

    found: str | None
    too_slow: bool = False


class Searches:
    """Counts what was too slow, for each rule of one stream."""

    def __init__(self) -> None:
        """Begin with every rule in good standing."""
        self._strikes: Counter[str] = Counter()

    def gave_up(self, rule_id: str) -> bool:
        """Whether a rule is not tried any more."""
        return self._strikes[rule_id] >= STRIKES

    def search(self, compiled: CompiledRule, heard: Heard) -> Searched:
        """Search both forms of the text."""
        rule_id = compiled.rule.id
        if self.gave_up(rule_id):
            return Searched(None)
        try:
            for written, pattern in compiled.patterns:
                left_s = max(LEAST_S, min(SEARCH_S, heard.ends_s - time.monotonic()))
                if any(pattern.search(form, timeout=left_s) for form in heard.forms):
                    return Searched(written)
        except TimeoutError:
            self._strikes[rule_id] += 1
            return Searched(None, too_slow=True)
        return Searched(None)

    def keep_only(self, rule_ids: set[str]) -> None:
        """Forget the rules that are gone or changed."""
        self._strikes = Counter({rule_id: count for rule_id, count in self._strikes.items() if rule_id in rule_ids})
