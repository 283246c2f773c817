"""Which languages a stream has been heard in lately, so that a short word is not taken for another language."""

from collections.abc import Mapping

SURE_S = 10.0
"""Seconds of speech in a language after which it counts for half of all that is known."""

_FADING = 0.5
_LEAST = 0.02
"""A language never heard keeps this much weight beside one that always was: people do change language."""


class LanguageMemory:
    """The languages of one stream: what was heard longer ago counts less. Pure."""

    def __init__(self, half_life_s: float = 120.0) -> None:
        """Seconds of speech after which what was heard before counts half."""
        self._half_life_s = half_life_s
        self._heard_s: dict[str, float] = {}

    def hear(self, language: str, probability: float, speech_s: float) -> None:
        """Take in what language so many seconds of speech were, and how sure that is (0 to 1)."""
        faded = _FADING ** (speech_s / self._half_life_s)
        self._heard_s = {name: seconds * faded for name, seconds in self._heard_s.items()}
        self._heard_s[language] = self._heard_s.get(language, 0.0) + probability * speech_s

    @property
    def weights(self) -> dict[str, float]:
        """A weight for each language heard, at most 1, and for any other that of the name ""."""
        total = sum(self._heard_s.values())
        known = total / (total + SURE_S)
        weights = {name: known * seconds / total for name, seconds in self._heard_s.items()} if total else {}
        rest = max(_LEAST, 1 - known)
        return {name: weight + rest for name, weight in weights.items()} | {"": rest}


def weigh(probabilities: Mapping[str, float], weights: Mapping[str, float]) -> tuple[str, float]:
    """The most probable language, with a stream's weights taken in, and its probability among them all."""
    other = weights.get("", 1.0)
    weighed = {name: probability * weights.get(name, other) for name, probability in probabilities.items()}
    best = max(weighed, key=weighed.__getitem__)
    total = sum(weighed.values())
    return best, weighed[best] / total if total else 0.0
