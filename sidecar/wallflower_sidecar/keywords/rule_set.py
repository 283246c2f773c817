"""The rules of a stream, arranged so that an utterance is held only against those that it may fire."""

from collections.abc import Sequence

from ..domain.keywords import Match
from .rules import CompiledRule
from .window import Window


class RuleSet:
    """Rules in their order; those that look for phrases word for word are found by a phrase's longest word."""

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        """Arrange the rules; a language's index is made when it is first heard."""
        self.rules = tuple(rules)
        self._always = [at for at, each in enumerate(self.rules) if each.rule.match is not Match.PHRASE]
        self._by_word: dict[str | None, dict[str, list[int]]] = {}

    def candidates(self, window: Window, language: str | None) -> list[CompiledRule]:
        """The rules that can fire on what was said, in their order."""
        if len(self._always) == len(self.rules):
            return list(self.rules)
        by_word = self._by_word.get(language)
        if by_word is None:
            by_word = self._by_word[language] = self._index(language)
        found = {at for word in by_word.keys() & window.words for at in by_word[word]}
        return [self.rules[at] for at in sorted(found.union(self._always))]

    def _index(self, language: str | None) -> dict[str, list[int]]:
        by_word: dict[str, list[int]] = {}
        for at, compiled in enumerate(self.rules):
            if compiled.rule.match is not Match.PHRASE:
                continue
            forms = (form for phrase in compiled.phrases for form in phrase.forms(language))
            for longest in {max(form.spoken.tokens, key=len) for form in forms}:
                by_word.setdefault(longest, []).append(at)
        return by_word
