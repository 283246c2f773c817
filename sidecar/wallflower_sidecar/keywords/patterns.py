"""Regular expressions that may not hang: tried before they are taken, and bounded in time wherever they run."""

from collections.abc import Iterator
import math
import re

import regex

from ..domain.errors import FieldError

MAX_PATTERN = 500

MAX_SIZE = 500_000
"""Compiling writes out each repetition that must be there: about 0.1 s and 50 MB for so many characters."""

SEARCH_S = 0.02
"""The most that one search may take, in processor time; a good expression needs a thousandth of it."""

PROBE_LENGTH = 600
"""About as much as can be said in the longest utterance."""

_ERRORS = (regex.error, OverflowError, RecursionError, ValueError, IndexError)
_LEAST_COUNT = re.compile(r"\{\s*(\d+)")
_LITERALS = re.compile(r"[^\W\d_]+|\d+")
_COMMON = ("a", "0", " ", "a ", "ab", "aA1 ", "help me ", "é", "あ", "-", "a. ")


def compile_pattern(text: str, path: str) -> regex.Pattern[str]:
    """Compile an expression; raises FieldError if it is not valid, matches nothing, is too large or too slow."""
    if len(text) > MAX_PATTERN:
        raise FieldError(path, f"A regular expression has at most {MAX_PATTERN} characters.")
    # As if each repetition lay within all the others: never less than it will be.
    if len(text) * math.prod(max(1, int(count)) for count in _LEAST_COUNT.findall(text)) > MAX_SIZE:
        raise FieldError(path, "The regular expression demands too many repetitions.")
    try:
        pattern = regex.compile(text, regex.IGNORECASE)
        matches_nothing = pattern.search("", timeout=SEARCH_S) is not None
        for probe in _probes(text):
            pattern.search(probe, timeout=SEARCH_S)
    except _ERRORS as error:
        reason = getattr(error, "msg", None) or "it cannot be compiled"
        raise FieldError(path, f"The regular expression is not valid: {reason}.") from None
    except TimeoutError:
        raise FieldError(
            path, "The regular expression takes too long on some texts. Avoid repetitions within repetitions."
        ) from None
    if matches_nothing:
        raise FieldError(path, "The regular expression matches the empty text, so it would match everything.")
    return pattern


def _probes(pattern: str) -> Iterator[str]:
    """Long texts that nearly match: what the expression names, again and again, and an end that it cannot want."""
    named = _LITERALS.findall(pattern)[:20]
    units = dict.fromkeys((*_COMMON, *named, "".join(named), " ".join(named) + " "))
    for unit in units:
        yield (unit * (PROBE_LENGTH // max(1, len(unit)) + 1))[:PROBE_LENGTH] + "\N{SNOWMAN}"
