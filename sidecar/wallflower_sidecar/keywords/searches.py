"""Regular expressions on what is said: within a time for each utterance, and given up where they are too slow."""

from collections import Counter
from dataclasses import dataclass
import time

from .heard import Heard
from .patterns import SEARCH_S
from .rules import CompiledRule

UTTERANCE_S = 0.1
"""The most that all searches of an utterance may take together; beyond it each has a millisecond."""

LEAST_S = 0.001
STRIKES = 3
"""An expression that was too slow so often is not tried again until its rule is set anew."""


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
                left_s = max(LEAST_S, min(SEARCH_S, heard.heard_s + UTTERANCE_S - time.monotonic()))
                if any(pattern.search(form, timeout=left_s) for form in heard.forms):
                    return Searched(written)
        except TimeoutError:
            self._strikes[rule_id] += 1
            return Searched(None, too_slow=True)
        return Searched(None)

    def keep_only(self, rule_ids: set[str]) -> None:
        """Forget the rules that are gone or changed."""
        self._strikes = Counter({rule_id: count for rule_id, count in self._strikes.items() if rule_id in rule_ids})
