"""A soak's report: faults by kind, sentences, processes, recordings, and every violation."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .report import percentile, table, write
from .soak_invariants import Heard, added
from .soak_ledger import Ledger, Outcome
from .soak_processes import Life, Processes
from .soak_watch import Sighting

FAULT_COLUMNS = (
    "fault",
    "n",
    "seen p50 s",
    "max",
    "named p50 s",
    "max",
    "recovered p50 s",
    "max",
    "after retry p50 s",
    "max",
)
SENTENCES = ("spoken", "judged", "once", "missing", "doubled", "misheard", "phantoms")


def show(
    ledger: Ledger,
    processes: Processes,
    sentences: Mapping[str, Counter[str]],
    recordings: Mapping[str, Counter[str]],
    facts: Mapping[str, object],
    records: Mapping[str, object],
) -> None:
    """Print every table and write the figures, with the `records` of each stream, to a file of this run's own."""
    kinds = _by_kind(ledger.outcomes)
    table("Faults", FAULT_COLUMNS, [(kind, len(each), *_spreads(each)) for kind, each in kinds.items()])
    rows = [(stream, *(counts[name] for name in SENTENCES)) for stream, counts in sentences.items()]
    if sentences:
        total = added(sentences)
        rows.append(("all", *(total[name] for name in SENTENCES)))
        table("Sentences (judged: away from every fault)", ("stream", *SENTENCES), rows)
    table(
        "Processes that ran for a minute: after their warm-up → at their end",
        ("process", "pid", "min", "own MB", "growth %", "PSS MB", "descriptors", "threads"),
        [_life(life) for life in processes.lives.values() if life.lasted_s >= 60],
    )
    if recordings:
        table(
            "Recordings",
            ("stream", "files", "MB", "s"),
            [(stream, each["files"], each["bytes"] / 1e6, each["seconds"]) for stream, each in recordings.items()],
        )
    table("Other facts", ("what", "how much"), [*facts.items(), *sorted(ledger.counts.items())])
    for note in dict.fromkeys(ledger.notes):
        print(note)
    for violation in ledger.violations:
        print(ledger.told(violation))
    print(f"{len(ledger.violations)} violations, {len(ledger.outcomes)} faults, seed {ledger.seed}")
    began = datetime.fromtimestamp(ledger.began, UTC)
    figures = _figures(ledger, processes, sentences, recordings, facts) | {"streams": records}
    print(f"Written to {write(f'soak-{began:%Y%m%dT%H%M%SZ}-seed-{ledger.seed}', figures)}")


def progress(ledger: Ledger, states: Iterable[str], facts: Mapping[str, object]) -> None:
    """Print one line."""
    counted = ", ".join(f"{count} {state}" for state, count in Counter(states).most_common())
    others = ", ".join(f"{name} {value}" for name, value in facts.items())
    faults = len(ledger.outcomes)
    print(f"{ledger.clock()} {counted}; {faults} faults, {len(ledger.violations)} violations; {others}", flush=True)


def record(
    ledger: Ledger,
    sightings: Iterable[Sighting],
    spoken: Iterable[tuple[str, float, float]],
    heard: Iterable[Heard],
) -> dict[str, list[Sequence[object]]]:
    """All that happened to a stream, with seconds since the beginning, so that a violation can be looked into."""
    return {
        "shown": [(round(each.at - ledger.began, 2), each.state, each.code) for each in sightings],
        "spoken": [(round(begin - ledger.began, 2), round(end - ledger.began, 2), text) for text, begin, end in spoken],
        "stored": [
            (round(each.start - ledger.began, 2), round(each.end - ledger.began, 2), each.text) for each in heard
        ],
    }


def _by_kind(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    kinds: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        kinds[outcome.kind].append(outcome)
    return dict(sorted(kinds.items()))


def _spreads(outcomes: list[Outcome]) -> list[float | str]:
    cells: list[float | str] = []
    for name in ("seen_s", "named_s", "recovered_s", "late_s"):
        values = [value for each in outcomes if (value := getattr(each, name)) is not None]
        cells += [percentile(values, 0.5), max(values)] if values else ["–", "–"]
    return cells


def _life(life: Life) -> tuple[object, ...]:
    first_mb, last_mb = life.compared(lambda each: each.own_mb)
    shares = life.compared(lambda each: each.pss_mb)
    fds, threads = life.compared(lambda each: each.fds), life.compared(lambda each: each.threads)
    return (
        life.role,
        life.pid,
        life.lasted_s / 60,
        f"{first_mb:.1f} → {last_mb:.1f}",
        f"{100 * (last_mb / first_mb - 1):+.1f}",
        f"{shares[0]:.1f} → {shares[1]:.1f}",
        f"{fds[0]:.0f} → {fds[1]:.0f}",
        f"{threads[0]:.0f} → {threads[1]:.0f}",
    )


def _figures(
    ledger: Ledger,
    processes: Processes,
    sentences: Mapping[str, Counter[str]],
    recordings: Mapping[str, Counter[str]],
    facts: Mapping[str, object],
) -> dict[str, Any]:
    names = ("role", "pid", "minutes", "own_mb", "growth_percent", "pss_mb", "descriptors", "threads")
    return {
        "seed": ledger.seed,
        "facts": {**facts, **ledger.counts},
        "faults": [
            {
                "kind": each.kind,
                "stream": each.stream,
                "at_s": each.began - ledger.began,
                "seen_s": each.seen_s,
                "named_s": each.named_s,
                "recovered_s": each.recovered_s,
                "after_retry_s": each.late_s,
            }
            for each in ledger.outcomes
        ],
        "sentences": {stream: dict(counts) for stream, counts in sentences.items()},
        "recordings": {stream: dict(counts) for stream, counts in recordings.items()},
        "processes": [
            dict(zip(names, _life(life), strict=True)) for life in processes.lives.values() if life.lasted_s >= 60
        ],
        "notes": ledger.notes,
        "violations": [
            {
                "rule": each.rule,
                "stream": each.stream,
                "fault": each.fault,
                "since_s": None if each.since is None else each.since - ledger.began,
                "found_out_s": each.at - ledger.began,
                "seen": each.seen,
            }
            for each in ledger.violations
        ],
        "windows": {
            stream or "all": [
                {"kind": each.kind, "from_s": each.begin - ledger.began, "to_s": each.end - ledger.began}
                for each in windows
            ]
            for stream, windows in ledger.windows.items()
        },
    }
