"""The rules of a stream, arranged so that an utterance is held only against those that it may fire."""

from collections.abc import Collection, Sequence

from ..domain.keywords import Match
from .rules import CompiledRule


class RuleSet:
    """Rules in their order; those that look for phrases word for word are found by a phrase's first word."""

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        """Arrange the rules; a language's index is made when it is first heard."""
        self.rules = tuple(rules)
        self._always = [at for at, each in enumerate(self.rules) if each.rule.match is not Match.PHRASE]
        self._starts: dict[str | None, dict[str, list[int]]] = {}

    def candidates(self, words: Collection[str], language: str | None) -> list[CompiledRule]:
        """The rules that can fire where these words were said, in their order."""
        starts = self._starts.get(language)
        if starts is None:
            starts = self._starts[language] = self._index(language)
        found = {at for word in starts.keys() & words for at in starts[word]}
        return [self.rules[at] for at in sorted(found.union(self._always))]

    def _index(self, language: str | None) -> dict[str, list[int]]:
        starts: dict[str, list[int]] = {}
        for at, compiled in enumerate(self.rules):
            if compiled.rule.match is not Match.PHRASE:
                continue
            forms = (form for phrase in compiled.phrases for form in phrase.forms(language))
            for first in {form.spoken.tokens[0] for form in forms}:
                starts.setdefault(first, []).append(at)
        return starts
