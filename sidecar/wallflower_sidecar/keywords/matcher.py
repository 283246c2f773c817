"""Finds rules in what was said: at most one hit per utterance and rule."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
import logging
import unicodedata

from ..domain.errors import FieldError
from ..domain.keywords import Hit, Match, Rule
from ..domain.transcripts import Segment, new_id
from .normalise import Spoken, fold, normalise, words_of
from .rules import CompiledRule, compile_rule
from .window import NOTHING, Where, Window

NEIGHBOURS = timedelta(seconds=10)
"""A phrase may run over two utterances of a stream with at most this between them."""

MAX_TEXT = 20_000
REGEX_S = 0.02
REGEX_STRIKES = 3
"""A regular expression that was too slow so often is not tried again until its rule is set anew."""

LOGGER = logging.getLogger(__name__)


@dataclass(slots=True)
class _Ear:
    """What is remembered of a stream."""

    rules: tuple[CompiledRule, ...] = ()
    earlier: tuple[Spoken, datetime, datetime] | None = None
    last_hits: dict[str, datetime] = field(default_factory=dict)
    strikes: Counter[str] = field(default_factory=Counter)


class _Heard:
    """The text of one segment for regular expressions."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def forms(self) -> tuple[str, str]:
        """As it was said, and as plain folded words."""
        return unicodedata.normalize("NFC", self.text), " ".join(words_of(fold(self.text)))


class KeywordMatcher:
    """Matches the segments of each stream, in their order, against the stream's rules; pure, for one thread."""

    def __init__(self) -> None:
        """Start without rules."""
        self.timeouts = 0
        self._ears: dict[str, _Ear] = {}
        self._reported: set[str] = set()

    def set_rules(self, stream_id: str, rules: Sequence[Rule]) -> None:
        """Replace a stream's rules; cooldowns of rules that stay go on. A rule that is not valid is left out."""
        ear = self._ears.setdefault(stream_id, _Ear())
        compiled = []
        for rule in rules:
            try:
                compiled.append(compile_rule(rule))
            except FieldError as error:
                LOGGER.warning("Rule %s of stream %s is not valid at %s", rule.id, stream_id, error.path)
        ids = {rule.id for rule in rules}
        ear.rules = tuple(compiled)
        ear.last_hits = {rule_id: at for rule_id, at in ear.last_hits.items() if rule_id in ids}
        ear.strikes.clear()

    def forget(self, stream_id: str) -> None:
        """Drop a stream's rules and all that is remembered of it."""
        self._ears.pop(stream_id, None)

    def match(self, segment: Segment) -> list[Hit]:
        """Return the confirmed hits of a segment, in the order of the rules."""
        ear = self._ears.get(segment.stream)
        if ear is None:
            return []
        heard = _Heard(segment.text[:MAX_TEXT])
        spoken = normalise(heard.text)
        window = Window(spoken, _said_before(ear, segment))
        ear.earlier = (spoken, segment.start, segment.end)
        hits = []
        for rule in ear.rules:
            if not _may_hit(ear, rule.rule, segment):
                continue
            found = self._find_pattern(ear, rule, heard) if rule.patterns else _find_phrase(rule, window)
            if found is None:
                continue
            phrase, where = found
            if any(window.mentions(excluded, where) for excluded in rule.excluded):
                continue
            ear.last_hits[rule.rule.id] = segment.start
            hits.append(_hit(rule.rule, phrase, segment))
        return hits

    def _find_pattern(self, ear: _Ear, compiled: CompiledRule, heard: _Heard) -> tuple[str, Where] | None:
        """Search both forms of the text; a search that takes too long finds nothing."""
        rule_id = compiled.rule.id
        if ear.strikes[rule_id] >= REGEX_STRIKES:
            return None
        try:
            for written, pattern in compiled.patterns:
                if any(pattern.search(form, timeout=REGEX_S) for form in heard.forms):
                    return written, Where.PRESENT
        except TimeoutError:
            self._note_timeout(ear, rule_id)
        return None

    def _note_timeout(self, ear: _Ear, rule_id: str) -> None:
        self.timeouts += 1
        ear.strikes[rule_id] += 1
        if rule_id not in self._reported:
            self._reported.add(rule_id)
            LOGGER.warning("The regular expression of rule %s takes too long; make it simpler", rule_id)


def _said_before(ear: _Ear, segment: Segment) -> Spoken:
    """The utterance before this one, if it is near enough in time and not a later one."""
    if ear.earlier is None:
        return NOTHING
    spoken, start, end = ear.earlier
    return spoken if start <= segment.start <= end + NEIGHBOURS else NOTHING


def _may_hit(ear: _Ear, rule: Rule, segment: Segment) -> bool:
    if segment.confidence < rule.min_confidence:
        return False
    if rule.speakers and segment.speaker is not None and segment.speaker.id not in rule.speakers:
        return False
    last = ear.last_hits.get(rule.id)
    # A distance, not an age: after the clock was set back a rule is not silent for hours.
    return last is None or abs((segment.start - last).total_seconds()) >= rule.cooldown_s


def _find_phrase(compiled: CompiledRule, window: Window) -> tuple[str, Where] | None:
    for phrase in compiled.phrases:
        where = window.find(phrase.spoken)
        if where is None and compiled.rule.match is Match.FUZZY:
            where = window.find_like(phrase.spoken, phrase.text, compiled.threshold)
        if where is not None:
            return phrase.written, where
    return None


def _hit(rule: Rule, phrase: str, segment: Segment) -> Hit:
    return Hit(
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
