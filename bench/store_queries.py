"""What people look for: rare and common words, two words, phrases and beginnings, taken from what was said."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
import random
import re

_WORD = re.compile(r"(?<![\w'’-])[A-Za-z]{4,}(?![\w'’-])")


@dataclass(frozen=True, slots=True)
class Query:
    """A search in our words, and what `LIKE` has to look for instead."""

    kind: str
    q: str
    likes: tuple[str, ...]


def queries(texts: Sequence[str], count: int, *, seed: int = 2) -> list[Query]:
    """Return so many queries, a fifth of each kind, over a sample of what was said."""
    chance = random.Random(seed)
    words = Counter(word.lower() for text in texts for word in set(_WORD.findall(text)))
    by_count = [word for word, _ in words.most_common()]
    numbers = [word for text in texts for word in re.findall(r"\b\d{5}\b", text)]

    def common() -> Query:
        word = chance.choice(by_count[:40])
        return Query("common word", word, (word,))

    def rare() -> Query:
        word = chance.choice(numbers) if chance.random() < 0.5 else chance.choice(by_count[-2_000:])
        return Query("rare word", word, (word,))

    def two() -> Query:
        pair = chance.sample(sorted(set(_WORD.findall(_long(chance, texts)))), 2)
        return Query("two words", " ".join(pair), tuple(pair))

    def phrase() -> Query:
        spoken = re.findall(r"[A-Za-z]+(?: [a-z]+){2}", _long(chance, texts))
        found = chance.choice(spoken) if spoken else "the device is"
        return Query("phrase", f'"{found}"', (found,))

    def prefix() -> Query:
        start = chance.choice(by_count[:1_000])[:4]
        return Query("prefix", f"{start}*", (start,))

    kinds: tuple[Callable[[], Query], ...] = (rare, common, two, phrase, prefix)
    return [kinds[number % len(kinds)]() for number in range(count)]


def _long(chance: random.Random, texts: Sequence[str]) -> str:
    """Some text with at least two different words."""
    while True:
        text = chance.choice(texts)
        if len(set(_WORD.findall(text))) > 1:
            return text
