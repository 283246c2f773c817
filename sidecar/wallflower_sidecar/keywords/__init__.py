"""Rules that listen for what is said."""

from .matcher import KeywordMatcher
from .rules import validate_rule, validate_rules

__all__ = ["KeywordMatcher", "validate_rule", "validate_rules"]
