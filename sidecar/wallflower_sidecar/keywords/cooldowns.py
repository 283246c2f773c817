"""When each rule of a stream fired last, so that it stays silent for its cooldown."""

from collections.abc import Collection
from datetime import datetime

from ..domain.keywords import Hit, Rule

REMEMBERED = 4
"""Hits of a rule: the newest counts, those before it in case it is retracted."""


class Cooldowns:
    """An early hit counts from when it is told; one that is retracted never counted."""

    def __init__(self) -> None:
        """Begin with rules that may all fire."""
        self._fired: dict[str, list[tuple[str, datetime]]] = {}

    def may_fire(self, rule: Rule, at: datetime, own: str | None = None) -> bool:
        """Whether the rule may fire for what was said at this moment; its `own` early hit does not hold it back."""
        if not rule.cooldown_s:
            return True
        last = next((start for hit, start in reversed(self._fired.get(rule.id, ())) if hit != own), None)
        # A distance, not an age: after the clock was set back a rule is not silent for hours.
        return last is None or abs((at - last).total_seconds()) >= rule.cooldown_s

    def note(self, hit: Hit) -> None:
        """A rule fired."""
        fired = [each for each in self._fired.get(hit.rule_id, ()) if each[0] != hit.id]
        self._fired[hit.rule_id] = [*fired, (hit.id, hit.start)][-REMEMBERED:]

    def take_back(self, hit: Hit) -> None:
        """A hit was none."""
        self._fired[hit.rule_id] = [each for each in self._fired.get(hit.rule_id, ()) if each[0] != hit.id]

    def keep_only(self, rule_ids: Collection[str]) -> None:
        """Forget the rules that are gone."""
        self._fired = {rule_id: fired for rule_id, fired in self._fired.items() if rule_id in rule_ids}
