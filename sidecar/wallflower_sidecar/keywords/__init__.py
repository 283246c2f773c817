"""Rules that listen for what is said."""

from .matcher import KeywordMatcher
from .rehearsal import Rehearsal
from .rules import validate_rule, validate_rules

__all__ = ["KeywordMatcher", "Rehearsal", "validate_rule", "validate_rules"]
