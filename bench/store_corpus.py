"""A million segments out of real English sentences: those that Home Assistant shows people."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import random
import re

import homeassistant.components

from wallflower_sidecar.domain.transcripts import Segment, Word, new_id

STREAMS = tuple(f"camera-{number:02}" for number in range(1, 17))
START = datetime(2026, 1, 1, tzinfo=UTC)
RARE = 0.05
"""The part of segments that end with a number hardly any other has."""

_SENTENCE = re.compile(r"[A-Z][^.?!{}<>\[\]`|]{15,160}[.?!](?=\s|$)")


def sentences() -> tuple[str, ...]:
    """Return every whole sentence without placeholders, each once, in an order that is always the same."""
    found: set[str] = set()
    for file in Path(homeassistant.components.__path__[0]).glob("*/strings.json"):
        found.update(_in(json.loads(file.read_text(encoding="utf-8"))))
    return tuple(sorted(found))


def segments(count: int, said: Sequence[str], *, seed: int = 1) -> Iterator[Segment]:
    """Make segments of one to three sentences, a few seconds apart, with the time of each word."""
    chance = random.Random(seed)
    start = START
    for _ in range(count):
        start += timedelta(milliseconds=chance.randint(500, 40_000))
        text = " ".join(chance.choices(said, k=chance.choice((1, 1, 1, 2, 3))))
        if chance.random() < RARE:
            text += f" The number is {chance.randrange(10_000, 100_000)}."
        words = tuple(
            Word(word, start + timedelta(milliseconds=320 * at), start + timedelta(milliseconds=320 * at + 250), 0.9)
            for at, word in enumerate(text.split())
        )
        yield Segment(
            id=new_id(),
            stream=chance.choice(STREAMS),
            start=start,
            end=words[-1].end,
            text=text,
            language="en",
            confidence=round(chance.uniform(0.5, 0.99), 4),
            words=words,
        )


def _in(document: object) -> Iterator[str]:
    if isinstance(document, str):
        yield from _SENTENCE.findall(document)
    elif isinstance(document, dict):
        for value in document.values():
            yield from _in(value)
