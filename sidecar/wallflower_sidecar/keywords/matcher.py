"""Finds rules in what was said: at most one hit per utterance and rule."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import logging
from types import MappingProxyType

from ..domain.errors import FieldError
from ..domain.keywords import Hit, HitState, Match, Rule, RuleFault
from ..domain.transcripts import Segment, new_id
from .cooldowns import Cooldowns
from .heard import Heard
from .rule_set import RuleSet
from .rules import CompiledRule, compile_rule
from .searches import Searches
from .window import Where, Window

NEIGHBOURS = timedelta(seconds=10)
"""A phrase may run over two utterances of a stream with at most this between them."""

MAX_TEXT = 20_000
NO_EARLY_HITS: Mapping[str, Hit] = MappingProxyType({})

LOGGER = logging.getLogger(__name__)


@dataclass(slots=True)
class _Ear:
    """What is remembered of a stream."""

    rules: RuleSet = field(default_factory=lambda: RuleSet(()))
    early: RuleSet = field(default_factory=lambda: RuleSet(()))
    earlier: tuple[Heard, datetime, datetime] | None = None
    before_that: tuple[Heard, datetime, datetime] | None = None
    cooldowns: Cooldowns = field(default_factory=Cooldowns)
    searches: Searches = field(default_factory=Searches)
    faults: dict[str, RuleFault] = field(default_factory=dict)


class KeywordMatcher:
    """Matches the segments of each stream, in their order, against the stream's rules; for one thread, no I/O."""

    def __init__(self) -> None:
        """Start without rules."""
        self._ears: dict[str, _Ear] = {}

    def set_rules(self, stream_id: str, rules: Sequence[Rule]) -> None:
        """Replace a stream's rules; those that stay keep their cooldowns. One that is not valid is left out."""
        ear = self._ears.setdefault(stream_id, _Ear())
        same = {each.rule.id for each in ear.rules.rules if each.rule in rules}
        faults = {rule_id: fault for rule_id, fault in ear.faults.items() if rule_id in same}
        compiled = []
        for rule in rules:
            try:
                compiled.append(compile_rule(rule))
            except FieldError as error:
                faults[rule.id] = RuleFault(rule.id, f"The rule is not valid and left out: {error.path}.")
                LOGGER.warning("Rule %s of stream %s is not valid at %s", rule.id, stream_id, error.path)
        ear.rules = RuleSet(compiled)
        ear.early = RuleSet([each for each in compiled if each.rule.early])
        ear.cooldowns.keep_only({rule.id for rule in rules})
        ear.searches.keep_only(same)
        ear.faults = faults

    def forget(self, stream_id: str) -> None:
        """Drop a stream's rules and all that is remembered of it."""
        self._ears.pop(stream_id, None)

    def forget_said(self, stream_id: str) -> None:
        """Drop what was said on a stream, which a phrase could begin in; its rules stay."""
        if ear := self._ears.get(stream_id):
            ear.earlier = ear.before_that = None

    def unhear(self, segment: Segment) -> None:
        """What `match` heard last could not be kept: it is matched again, or never said."""
        ear = self._ears.get(segment.stream)
        if ear is not None and ear.earlier is not None and ear.earlier[1:] == (segment.start, segment.end):
            ear.earlier, ear.before_that = ear.before_that, None

    def faults(self, stream_id: str) -> list[RuleFault]:
        """Return the rules of a stream that do not work, each with the reason."""
        ear = self._ears.get(stream_id)
        return [] if ear is None else list(ear.faults.values())

    def match(self, segment: Segment, early: Mapping[str, Hit] = NO_EARLY_HITS) -> list[Hit]:
        """Return the confirmed hits of a segment, in the order of the rules.

        A rule with an early hit of the same utterance, by the rule's id, confirms that one.
        """
        ear = self._ears.get(segment.stream)
        if ear is None:
            return []
        heard = Heard(segment.text[:MAX_TEXT], segment.language)
        window = Window(heard, _said_before(ear, segment))
        ear.earlier, ear.before_that = (heard, segment.start, segment.end), ear.earlier
        return self._hits(ear, ear.rules, segment, heard, window, early)

    def match_draft(self, draft: Segment, fired: Collection[str]) -> list[Hit]:
        """Return early hits of what was said so far of an utterance, but for rules that fired for it already."""
        ear = self._ears.get(draft.stream)
        if ear is None or not ear.early.rules:
            return []
        heard = Heard(draft.text[:MAX_TEXT], draft.language)
        window = Window(heard, _said_before(ear, draft))
        hits = self._hits(ear, ear.early, draft, heard, window, NO_EARLY_HITS, fired)
        return [replace(hit, state=HitState.EARLY) for hit in hits]

    def remember(self, hits: Iterable[Hit]) -> None:
        """Let hits of an earlier run count for the cooldowns of their streams' rules."""
        for hit in hits:
            if ear := self._ears.get(hit.stream):
                ear.cooldowns.note(hit)

    def take_back(self, hit: Hit) -> None:
        """Let a hit that turned out to be none, or that could not be kept, not count for its cooldown."""
        if ear := self._ears.get(hit.stream):
            ear.cooldowns.take_back(hit)

    def _hits(
        self,
        ear: _Ear,
        rules: RuleSet,
        segment: Segment,
        heard: Heard,
        window: Window,
        early: Mapping[str, Hit],
        fired: Collection[str] = (),
    ) -> list[Hit]:
        hits = []
        for compiled in rules.candidates(window, segment.language):
            rule, own = compiled.rule, early.get(compiled.rule.id)
            if rule.id in fired or not _may_hit(ear, rule, segment, own):
                continue
            found = (
                self._find_pattern(ear, segment.stream, compiled, heard)
                if rule.match is Match.REGEX
                else _find_phrase(compiled, window, segment.language)
            )
            if found is None or _excluded(compiled, window, found[1], segment.language):
                continue
            hit = _hit(rule, found[0], segment, own)
            ear.cooldowns.note(hit)
            hits.append(hit)
        return hits

    def _find_pattern(
        self, ear: _Ear, stream_id: str, compiled: CompiledRule, heard: Heard
    ) -> tuple[str, Where] | None:
        searched = ear.searches.search(compiled, heard)
        rule_id = compiled.rule.id
        if searched.too_slow and ear.searches.gave_up(rule_id):
            ear.faults[rule_id] = RuleFault(
                rule_id, "Its regular expression takes too long and is not tried any more. Make it simpler."
            )
            LOGGER.warning("The regular expression of rule %s of stream %s takes too long", rule_id, stream_id)
        return None if searched.found is None else (searched.found, Where.PRESENT)


def _said_before(ear: _Ear, segment: Segment) -> Heard | None:
    """The utterance before this one, if it is near enough in time and not a later one."""
    if ear.earlier is None:
        return None
    heard, start, end = ear.earlier
    return heard if start <= segment.start <= end + NEIGHBOURS else None


def _may_hit(ear: _Ear, rule: Rule, segment: Segment, own: Hit | None) -> bool:
    if segment.confidence < rule.min_confidence:
        return False
    if rule.speakers and segment.speaker is not None and segment.speaker.id not in rule.speakers:
        return False
    return ear.cooldowns.may_fire(rule, segment.start, None if own is None else own.id)


def _find_phrase(compiled: CompiledRule, window: Window, language: str | None) -> tuple[str, Where] | None:
    for phrase in compiled.phrases:
        for form in phrase.forms(language):
            where = window.find(form.spoken)
            if where is None and compiled.rule.match is Match.FUZZY:
                where = window.find_like(form.spoken, form.text, compiled.threshold)
            if where is not None:
                return phrase.written, where
    return None


def _excluded(compiled: CompiledRule, window: Window, where: Where, language: str | None) -> bool:
    """Whether a `not` phrase was said where the rule's phrase was."""
    return any(window.mentions(form.spoken, where) for phrase in compiled.excluded for form in phrase.forms(language))


def _hit(rule: Rule, phrase: str, segment: Segment, own: Hit | None) -> Hit:
    hit = Hit(
        id=new_id(),
        stream=segment.stream,
        rule_id=rule.id,
        rule_name=rule.name,
        phrase=phrase,
        text=segment.text,
        start=segment.start,
        end=segment.end,
        confidence=segment.confidence,
        speaker=segment.speaker,
        segment=segment.id,
        source=segment.source,
    )
    return hit if own is None else replace(hit, id=own.id)
