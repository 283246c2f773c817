"""Rules, checked when they are given and compiled once into what the matcher uses."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
import math

import regex

from ..domain.errors import FieldError
from ..domain.keywords import Match, Rule
from .normalise import Spoken, normalise, rendered
from .patterns import compile_pattern

DEFAULT_THRESHOLD = 85.0
"""Of 100, rapidfuzz's ratio; docs/keywords.md shows what is near enough and what is not."""

MAX_PHRASE = 500
LONGEST_COOLDOWN = timedelta(days=7)
"""Hits of an earlier run count that long; the API takes no longer one."""

MAX_TOKENS = 60
KEPT_COMPILED = 20_000


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which a phrase is compared: word for word, and as text letter by letter."""

    spoken: Spoken
    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase of a rule: as written, and in the forms of each language that was heard."""

    written: str
    _forms: dict[str | None, tuple[Form, ...]] = field(default_factory=dict, compare=False)

    def forms(self, language: str | None) -> tuple[Form, ...]:
        """The forms to look for in a text of this language: its numbers read in it, and in English."""
        known = self._forms.get(language)
        if known is None:
            spoken = dict.fromkeys((normalise(self.written), normalise(self.written, language)))
            known = self._forms[language] = tuple(Form(each, rendered(each.tokens)) for each in spoken)
        return known


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to be matched; `patterns` are empty unless it is a regex rule, `phrases` if it is."""

    rule: Rule
    phrases: tuple[Phrase, ...]
    patterns: tuple[tuple[str, regex.Pattern[str]], ...]
    excluded: tuple[Phrase, ...]
    threshold: float


def validate_rule(rule: Rule) -> None:
    """Raise FieldError with the path within the rule: `phrases[0]`, `not[1]`, `threshold` and so on."""
    compile_rule(rule)


def validate_rules(rules: Sequence[Rule], path: str) -> None:
    """Check each rule, and that ids and names are unique; raises FieldError with `<path>[1].phrases[0]`.

    A thousand regular expressions take half a second: call it in a thread.
    """
    seen: set[tuple[str, str]] = set()
    for index, rule in enumerate(rules):
        try:
            validate_rule(rule)
        except FieldError as error:
            raise FieldError(f"{path}[{index}].{error.path}", str(error)) from None
        for name, value in (("id", rule.id), ("name", rule.name)):
            if (name, value) in seen:
                raise FieldError(f"{path}[{index}].{name}", f"Another of these rules has this {name}.")
            seen.add((name, value))


@lru_cache(maxsize=KEPT_COMPILED)
def compile_rule(rule: Rule) -> CompiledRule:
    """Check and compile a rule; raises FieldError like `validate_rule`. Streams with the same rule share it."""
    if not rule.phrases:
        raise FieldError("phrases", "Give at least one phrase.")
    _check_numbers(rule)
    is_regex = rule.match is Match.REGEX
    paths = [(text, f"phrases[{at}]") for at, text in enumerate(rule.phrases)]
    return CompiledRule(
        rule=rule,
        phrases=() if is_regex else tuple(_phrase(text, path) for text, path in paths),
        patterns=tuple((text, compile_pattern(text, path)) for text, path in paths) if is_regex else (),
        excluded=tuple(_phrase(text, f"not[{at}]") for at, text in enumerate(rule.excluded)),
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
    phrase = Phrase(text)
    tokens = phrase.forms(None)[0].spoken.tokens
    if not tokens:
        raise FieldError(path, "The phrase holds no letter or digit that could be heard.")
    if len(tokens) > MAX_TOKENS:
        raise FieldError(path, f"A phrase has at most {MAX_TOKENS} words.")
    return phrase
