"""Rules that listen for what is said."""

from .matcher import KeywordMatcher
from .rehearsal import Rehearsal
from .rules import LONGEST_COOLDOWN, validate_rule, validate_rules

__all__ = ["LONGEST_COOLDOWN", "KeywordMatcher", "Rehearsal", "validate_rule", "validate_rules"]
