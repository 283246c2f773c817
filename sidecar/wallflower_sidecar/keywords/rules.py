"""Rules, checked when they are given and compiled once into what the matcher uses."""

from collections.abc import Sequence
from dataclasses import dataclass
import math

import regex

from ..domain.errors import FieldError
from ..domain.keywords import Match, Rule
from .normalise import Spoken, normalise, rendered

DEFAULT_THRESHOLD = 85.0
"""Of 100, rapidfuzz's ratio. Near enough: "help me" – "help be" 86, "fire" – "fires" 89, "front door" – "frontdoor" 95.
Too far: "fire" – "hire" 75, "stop it" – "stop at" 86 is the price: short phrases want a threshold of 90 and more."""

MAX_PHRASE = 500
MAX_TOKENS = 60

_PATTERN_ERRORS = (regex.error, OverflowError, RecursionError, ValueError, IndexError)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase of a rule: as written, normalised, and as text to compare letter by letter."""

    written: str
    spoken: Spoken
    text: str


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to be matched; `patterns` are empty unless it is a regex rule, `phrases` if it is."""

    rule: Rule
    phrases: tuple[Phrase, ...]
    patterns: tuple[tuple[str, regex.Pattern[str]], ...]
    excluded: tuple[Spoken, ...]
    threshold: float


def validate_rule(rule: Rule) -> None:
    """Raise FieldError with the path within the rule: `phrases[0]`, `not[1]`, `threshold` and so on."""
    compile_rule(rule)


def validate_rules(rules: Sequence[Rule], path: str = "keywords") -> None:
    """Check each rule, and that ids and names are unique; raises FieldError with `keywords[1].phrases[0]`."""
    seen: set[tuple[str, str]] = set()
    for index, rule in enumerate(rules):
        try:
            validate_rule(rule)
        except FieldError as error:
            raise FieldError(f"{path}[{index}].{error.path}", str(error)) from None
        for name, value in (("id", rule.id), ("name", rule.name)):
            if (name, value) in seen:
                raise FieldError(f"{path}[{index}].{name}", f"Another rule of this stream has this {name}.")
            seen.add((name, value))


def compile_rule(rule: Rule) -> CompiledRule:
    """Check and compile a rule; raises FieldError like `validate_rule`."""
    if not rule.phrases:
        raise FieldError("phrases", "Give at least one phrase.")
    _check_numbers(rule)
    is_regex = rule.match is Match.REGEX
    return CompiledRule(
        rule=rule,
        phrases=() if is_regex else tuple(_phrase(text, f"phrases[{at}]") for at, text in enumerate(rule.phrases)),
        patterns=tuple((text, _pattern(text, f"phrases[{at}]")) for at, text in enumerate(rule.phrases))
        if is_regex
        else (),
        excluded=tuple(_phrase(text, f"not[{at}]").spoken for at, text in enumerate(rule.excluded)),
        threshold=DEFAULT_THRESHOLD if rule.threshold is None else rule.threshold,
    )


def _check_numbers(rule: Rule) -> None:
    if rule.threshold is not None and not 0 <= rule.threshold <= 100:  # noqa: PLR2004
        raise FieldError("threshold", "The threshold must be between 0 and 100.")
    if not 0 <= rule.min_confidence <= 1:
        raise FieldError("min_confidence", "The confidence must be between 0 and 1.")
    if not (math.isfinite(rule.cooldown_s) and rule.cooldown_s >= 0):
        raise FieldError("cooldown_s", "The cooldown must be 0 seconds or more.")


def _phrase(text: str, path: str) -> Phrase:
    if len(text) > MAX_PHRASE:
        raise FieldError(path, f"A phrase has at most {MAX_PHRASE} characters.")
    spoken = normalise(text)
    if not spoken.tokens:
        raise FieldError(path, "The phrase holds no letter or digit that could be heard.")
    if len(spoken.tokens) > MAX_TOKENS:
        raise FieldError(path, f"A phrase has at most {MAX_TOKENS} words.")
    return Phrase(text, spoken, rendered(spoken.tokens))


def _pattern(text: str, path: str) -> regex.Pattern[str]:
    if len(text) > MAX_PHRASE:
        raise FieldError(path, f"A regular expression has at most {MAX_PHRASE} characters.")
    try:
        pattern = regex.compile(text, regex.IGNORECASE)
        matches_nothing = pattern.search("", timeout=0.1) is not None
    except _PATTERN_ERRORS as error:
        reason = getattr(error, "msg", None) or "it cannot be compiled"
        raise FieldError(path, f"The regular expression is not valid: {reason}.") from None
    except TimeoutError:
        raise FieldError(path, "The regular expression takes too long.") from None
    if matches_nothing:
        raise FieldError(path, "The regular expression matches the empty text, so it would match everything.")
    return pattern
