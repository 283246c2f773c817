"""Keyword rules as a person edits them: a list of phrases, each of which is a rule by that name."""

from collections.abc import Iterable, Sequence

from homeassistant.util import slugify

from .const import RETRACTED
from .models import Rule

MAX_PHRASE = 100


class PhraseError(ValueError):
    """A phrase that no rule can be made of; the text is the key of its translation."""


def rules_from_phrases(phrases: Iterable[str], known: Sequence[Rule] = ()) -> tuple[Rule, ...]:
    """Return one rule for each phrase; a known rule keeps all its settings as long as its name stands in the list.

    Raises PhraseError for a phrase without a letter or digit, one that is too long, and the reserved name.
    """
    by_name = {rule.name.casefold(): rule for rule in known}
    rules: dict[str, Rule] = {}
    for phrase in phrases:
        name = " ".join(phrase.split())
        key = name.casefold()
        if not name or key in rules:
            continue
        if key == RETRACTED:
            raise PhraseError("reserved_phrase")
        if len(name) > MAX_PHRASE:
            raise PhraseError("phrase_too_long")
        if not any(character.isalnum() for character in name):
            raise PhraseError("phrase_without_words")
        taken = {rule.id for rule in (*known, *rules.values())}
        rules[key] = by_name.get(key) or Rule(unique_slug(name, taken), name, (name,))
    return tuple(rules.values())


def unique_slug(name: str, taken: Iterable[str], *, fallback: str = "rule") -> str:
    """Return an id `[a-z0-9][a-z0-9_-]{0,63}` made from a name that is not among those taken."""
    slug = slugify(name)[:64].strip("_")
    base = fallback if slug in {"", "unknown"} else slug
    taken = set(taken)
    candidate, number = base, 1
    while candidate in taken:
        number += 1
        candidate = f"{base[: 63 - len(str(number))]}_{number}"
    return candidate
