"""Keyword rules and the hits they make."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .transcripts import Source, Speaker


class Match(StrEnum):
    """How a rule's phrases are compared with what was said."""

    PHRASE = "phrase"
    FUZZY = "fuzzy"
    REGEX = "regex"


@dataclass(frozen=True, slots=True)
class Rule:
    """What to listen for; `excluded` is `not` on the wire, `threshold` (0–100) is for fuzzy rules alone."""

    id: str
    name: str
    phrases: tuple[str, ...]
    match: Match = Match.PHRASE
    threshold: float | None = None
    excluded: tuple[str, ...] = ()
    min_confidence: float = 0.0
    cooldown_s: float = 0.0
    speakers: tuple[str, ...] = ()
    early: bool = False


@dataclass(frozen=True, slots=True)
class RuleFault:
    """Why a rule, named by its id, does not work; `message` is a sentence for a person."""

    rule: str
    message: str


class HitState(StrEnum):
    """Whether a hit rests on final text."""

    EARLY = "early"
    CONFIRMED = "confirmed"
    RETRACTED = "retracted"


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched; `phrase` is the rule's phrase, `text` the whole segment's, `segment` its id."""

    id: str
    stream: str
    rule_id: str
    rule_name: str
    phrase: str
    text: str
    start: datetime
    end: datetime
    confidence: float
    speaker: Speaker | None
    segment: str | None
    state: HitState = HitState.CONFIRMED
    source: Source = Source.SPEECH
