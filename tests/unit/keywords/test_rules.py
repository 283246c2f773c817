"""What is refused in a rule, and under which name."""

import math

import pytest

from wallflower_sidecar.domain.errors import FieldError
from wallflower_sidecar.domain.keywords import Match
from wallflower_sidecar.keywords import validate_rule, validate_rules

from .speaking import rule


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        (rule(), "phrases"),
        (rule(""), "phrases[0]"),
        (rule("help", "?!"), "phrases[1]"),
        (rule("😀"), "phrases[0]"),
        (rule("x" * 501), "phrases[0]"),
        (rule("a " * 61), "phrases[0]"),
        (rule("help", excluded=("no", "…")), "not[1]"),
        (rule("(", match=Match.REGEX), "phrases[0]"),
        (rule("a", "[", match=Match.REGEX), "phrases[1]"),
        (rule("a*", match=Match.REGEX), "phrases[0]"),
        (rule("help|", match=Match.REGEX), "phrases[0]"),
        (rule("help", threshold=-1), "threshold"),
        (rule("help", threshold=100.5), "threshold"),
        (rule("help", threshold=math.nan), "threshold"),
        (rule("help", min_confidence=1.1), "min_confidence"),
        (rule("help", min_confidence=math.nan), "min_confidence"),
        (rule("help", cooldown_s=-1), "cooldown_s"),
        (rule("help", cooldown_s=math.inf), "cooldown_s"),
    ],
)
def test_refused(broken, path):
    with pytest.raises(FieldError) as caught:
        validate_rule(broken)
    assert caught.value.path == path


@pytest.mark.parametrize(
    "sound",
    [
        rule("help"),
        rule("9"),
        rule("救"),
        rule("help me", match=Match.FUZZY, threshold=0),
        rule(r"\bhelp\b", match=Match.REGEX),
        rule("help", excluded=("no help",), min_confidence=1, cooldown_s=3600),
    ],
)
def test_accepted(sound):
    validate_rule(sound)


@pytest.mark.parametrize(
    "pattern",
    [r"(a+)+$", r"(?:\w|\w\w|\s)+\d{3}$", r"(x+x+)+y", r"(?:\p{L}+\s*)+\d"],
)
def test_an_expression_that_is_slow_on_some_text_is_refused(pattern):
    with pytest.raises(FieldError, match="too long") as caught:
        validate_rule(rule("help", pattern, match=Match.REGEX))
    assert caught.value.path == "phrases[1]"


@pytest.mark.parametrize("pattern", [r"\w{1000000}", r"(?:(?:ab{50}){50}c?){50}", r"(?x) a{ 200000,}"])
def test_an_expression_is_refused_before_its_repetitions_fill_the_memory(pattern):
    with pytest.raises(FieldError, match="too many repetitions") as caught:
        validate_rule(rule("help", pattern, match=Match.REGEX))
    assert caught.value.path == "phrases[1]"


@pytest.mark.parametrize(
    "pattern",
    [
        r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        r"call .{1,400} now .{0,400}",
        r"(?:\d{4} ?){4}\d{2}",
        r"\bhelp(ing)?\b",
        r".*help.*me.*",
        r"(\w+\W+)+police",
        r"(?=.*fire)(?=.*smoke)",
        r"\b(\w+)\s+\1\b",
        r"(?:police){e<=1}",
        r"\p{Han}{2}",
        r"[^\s]+@[^\s]+\.[a-z]+",
    ],
)
def test_an_expression_that_is_merely_clumsy_is_taken(pattern):
    validate_rule(rule(pattern, match=Match.REGEX))


def test_a_list_names_the_rule_that_is_wrong():
    with pytest.raises(FieldError) as caught:
        validate_rules([rule("help"), rule("!", id="b", name="b")], "keywords")
    assert caught.value.path == "keywords[1].phrases[0]"


@pytest.mark.parametrize(
    ("second", "path"), [(rule("b", name="other"), "keywords[1].id"), (rule("b", id="b"), "keywords[1].name")]
)
def test_ids_and_names_are_unique(second, path):
    with pytest.raises(FieldError) as caught:
        validate_rules([rule("a"), second], "keywords")
    assert caught.value.path == path
