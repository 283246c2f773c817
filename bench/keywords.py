"""What keyword rules cost: 1,000 rules on 16 busy streams against a naive matcher, and replays over kept text."""

import argparse
import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
import random
import re
import sys
import tempfile
import time

from rapidfuzz import fuzz
from sqlalchemy import insert

from tests.support.sentences import SENTENCES
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.keywords import Match, Rule
from wallflower_sidecar.domain.transcripts import Segment, new_id
from wallflower_sidecar.keywords import KeywordMatcher
from wallflower_sidecar.service.archive import Archive
from wallflower_sidecar.service.keyword_history import KeywordHistory
from wallflower_sidecar.store import Database
from wallflower_sidecar.store.rows import segment_to_row
from wallflower_sidecar.store.schema import SEGMENTS

from .report import percentile, table, write

STREAMS = 16
UTTERANCES_A_MINUTE = 12
"""A busy stream: somebody speaks all the time, a sentence every five seconds."""

DRAFTS = 4
"""How often each utterance is held against early rules before it is over."""

MOST_OF_A_CORE = 2.0
MOST_REPLAY_S = 2.0
SEED = 5
PROBE_S = 0.005

_WORDS = sorted({word.strip(".,!?;:").lower() for sentence in SENTENCES for word in sentence.split()})


def rules(count: int, *, early: int = 0) -> list[Rule]:
    """Phrases of one to four words that people say: seven of ten word for word, two fuzzy, one an expression."""
    dice = random.Random(SEED)
    made = []
    for number in range(count):
        phrase = " ".join(dice.choices(_WORDS, k=dice.randint(2, 4)) if number % 50 else dice.choices(_WORDS))
        match = (*(Match.PHRASE,) * 7, Match.FUZZY, Match.FUZZY, Match.REGEX)[number % 10]
        text = rf"\b{re.escape(phrase)}(s|es)?\b" if match is Match.REGEX else phrase
        made.append(Rule(f"r{number}", f"r{number}", (text,), match, early=number < early))
    return made


def speech(count: int, streams: int = STREAMS) -> Iterator[Segment]:
    """Sentences on the streams in turn, a pause between them."""
    dice = random.Random(SEED)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(count):
        start = began + timedelta(seconds=5 * (number // streams))
        text = f"{dice.choice(SENTENCES)} {' '.join(dice.choices(_WORDS, k=3))}"
        yield Segment(new_id(), f"camera-{number % streams}", start, start + timedelta(seconds=4), text, "en", 0.9)


class Naive:
    """What one would write first: each rule's own expression, or rapidfuzz's partial ratio, on each text."""

    def __init__(self, wanted: list[Rule]) -> None:
        """Compile each rule."""
        self._patterns = [
            re.compile(phrase if rule.match is Match.REGEX else rf"\b{re.escape(phrase)}\b", re.IGNORECASE)
            for rule in wanted
            for phrase in rule.phrases
            if rule.match is not Match.FUZZY
        ]
        self._phrases = [rule.phrases[0] for rule in wanted if rule.match is Match.FUZZY]

    def match(self, segment: Segment) -> int:
        """How many rules fire."""
        found = sum(pattern.search(segment.text) is not None for pattern in self._patterns)
        text = segment.text.lower()
        return found + sum(fuzz.partial_ratio(phrase, text) >= 85 for phrase in self._phrases)


def busy_streams(count: int, utterances: int) -> bool:
    """Match and compare; whether the budget was met."""
    wanted = rules(count, early=count // 10)
    began = time.process_time()
    ours = KeywordMatcher()
    for number in range(STREAMS):
        ours.set_rules(f"camera-{number}", wanted)
    set_s = time.process_time() - began
    naive = Naive(wanted)
    spoken = list(speech(utterances))
    costs: dict[str, list[float]] = {"ours": [], "ours, drafts": [], "naive": []}
    fired = 0
    for segment in spoken:
        words = segment.text.split()
        began = time.process_time()
        for part in range(1, DRAFTS + 1):
            ours.match_draft(_draft(segment, words[: len(words) * part // (DRAFTS + 1)]), ())
        drafted = time.process_time()
        fired += len(ours.match(segment))
        matched = time.process_time()
        naive.match(segment)
        costs["naive"].append(time.process_time() - matched)
        costs["ours"].append(matched - drafted)
        costs["ours, drafts"].append(drafted - began)
    a_second = STREAMS * UTTERANCES_A_MINUTE / 60
    means = {name: sum(values) / len(values) for name, values in costs.items()}
    means["ours, all"] = means["ours"] + means["ours, drafts"]
    rows = [
        (name, 1000 * means[name], 100 * means[name] * a_second, means[name] / means["naive"])
        for name in ("naive", "ours", "ours, drafts", "ours, all")
    ]
    table(
        f"{count} rules on {STREAMS} streams, {UTTERANCES_A_MINUTE} utterances a minute on each",
        ("matcher", "ms an utterance", "% of a core", "÷ naive"),
        rows,
    )
    percent = 100 * means["ours, all"] * a_second
    verdict = "met" if percent <= MOST_OF_A_CORE else "missed"
    print(f"{percent:.2f} % of a core (budget {MOST_OF_A_CORE:g} %): {verdict}")
    print(f"Slowest utterance {1000 * max(costs['ours']):.1f} ms; p95 {1000 * percentile(costs['ours'], 0.95):.2f} ms")
    print(f"{fired} hits; setting the rules on all streams took {set_s:.2f} s")
    figures = {"rules": count, "percent_of_a_core": percent, "set_s": set_s, "mean_s": means, "hits": fired}
    print(f"Written to {write('keywords', figures)}")
    return percent <= MOST_OF_A_CORE


async def replays(count: int) -> bool:
    """Keep so many segments and replay one rule of each kind over them; whether the budget was met."""
    kinds = {
        "phrase": Rule("a", "a", ("the parcel", "front door"), cooldown_s=30, excluded=("no parcel",)),
        "fuzzy": Rule("a", "a", ("call the police",), Match.FUZZY),
        "regex": Rule("a", "a", (r"\b(help|fire)(ing|s)?\b.*\bnow\b",), Match.REGEX),
    }
    with tempfile.TemporaryDirectory(prefix="wallflower-bench-") as folder:
        database = await Database.open(Path(folder) / "wallflower.db", clock=SystemClock())
        try:
            async with database.write() as connection:
                await connection.execute(insert(SEGMENTS), [segment_to_row(each) for each in speech(count)])
            history = KeywordHistory(database, Archive(database))
            rows = []
            for name, rule in kinds.items():
                longest_block = asyncio.create_task(_longest_block())
                began, worked = time.perf_counter(), time.process_time()
                hits, _ = await history.replay(rule)
                took, cpu_s = time.perf_counter() - began, time.process_time() - worked
                longest_block.cancel()
                rows.append((name, hits, took, cpu_s, count / took, 1000 * await longest_block))
        finally:
            await database.close()
    table(
        f"Replay over {count} segments", ("rule", "hits", "s", "CPU s", "segments/s", "loop held up, ms at most"), rows
    )
    slowest = max(took for _, _, took, *_ in rows)
    met = slowest <= MOST_REPLAY_S * count / 100_000
    print(f"{slowest:.2f} s (budget {MOST_REPLAY_S:g} s for 100,000): {'met' if met else 'missed'}")
    print(f"Written to {write('keywords-replay', {'segments': count, 'rows': rows})}")
    return met


async def _longest_block() -> float:
    """Until cancelled; the longest that a coroutine that only wants to go on had to wait."""
    longest = 0.0
    try:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(PROBE_S)
            longest = max(longest, time.perf_counter() - before - PROBE_S)
    except asyncio.CancelledError:
        return longest


def _draft(segment: Segment, words: list[str]) -> Segment:
    return Segment(None, segment.stream, segment.start, segment.end, " ".join(words), segment.language, 0.9)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="script/bench keywords", description=__doc__.partition("\n")[0])
    parser.add_argument("--rules", type=int, default=1_000, help="how many rules (default 1000)")
    parser.add_argument("--utterances", type=int, default=1_000, help="how many are matched (default 1000)")
    parser.add_argument("--replay", action="store_true", help="replay over kept text instead")
    parser.add_argument("--segments", type=int, default=100_000, help="how many are kept for it (default 100000)")
    options = parser.parse_args()
    if options.replay:
        return 0 if asyncio.run(replays(options.segments)) else 1
    return 0 if busy_streams(options.rules, options.utterances) else 1


if __name__ == "__main__":
    sys.exit(main())
