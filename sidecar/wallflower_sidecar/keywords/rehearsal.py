"""A rule that is not set, tried on what was said: it fires where it would have fired."""

from dataclasses import replace
import uuid

from ..domain.errors import FieldError
from ..domain.keywords import Hit, Rule
from ..domain.transcripts import Segment
from .matcher import KeywordMatcher


class Rehearsal:
    """Hears segments of any streams, those of each in their order."""

    def __init__(self, rule: Rule) -> None:
        """Take a rule that is valid."""
        self._rule = replace(rule, early=False)
        self._matcher = KeywordMatcher()
        self._streams: set[str] = set()

    def hear(self, segment: Segment) -> Hit | None:
        """Return the hit that the rule would have made, with the same id each time.

        Raises FieldError("rule.phrases") once its expression is too slow to go on.
        """
        if segment.stream not in self._streams:
            self._streams.add(segment.stream)
            self._matcher.set_rules(segment.stream, [self._rule])
        hits = self._matcher.match(segment)
        if hits:
            return replace(hits[0], id=_hit_id(segment, self._rule))
        if self._matcher.faults(segment.stream):
            raise FieldError("rule.phrases", "The regular expression takes too long on what was said. Make it simpler.")
        return None


def _hit_id(segment: Segment, rule: Rule) -> str:
    """The same for the same segment and rule (RFC 9562 5.5)."""
    return str(uuid.uuid5(uuid.UUID(segment.id or ""), rule.id))
