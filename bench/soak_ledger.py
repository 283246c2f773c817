"""What a soak has seen so far: faults and what became of them, when nothing is judged, and every violation."""

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
import math
import time

BEFORE_S = 2.0
"""What is said so shortly before a fault may not have ended as an utterance when it came."""

ENGINE = "engine"
"""What a window is called in which only the engine is down: it excuses no sentence, the sidecar keeps them."""

AFTER_S = 3.0
"""What is said so shortly after a stream is back may have begun before its first packet."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must not happen, and what was seen (seconds since 1970)."""

    at: float
    rule: str
    seen: str
    stream: str | None = None
    fault: str | None = None
    since: float | None = None
    """When what it is about began, where that is not when it was found out."""


@dataclass(slots=True)
class Window:
    """A stretch in which a fault had its way."""

    begin: float
    end: float = math.inf
    kind: str = ""
    before_s: float = BEFORE_S
    """What ended so shortly before it may not have been stored when it came."""

    def touches(self, begin: float, end: float, *, before_s: float = 0.0, after_s: float = 0.0) -> bool:
        """Say whether anything of it, with its margins, lies between two moments."""
        return begin < self.end + after_s and end > self.begin - before_s

    def spares(self, begin: float, end: float) -> bool:
        """Say whether what was said between two moments has nothing to do with it."""
        return not self.touches(begin, end, before_s=self.before_s, after_s=AFTER_S)


@dataclass(slots=True)
class Outcome:
    """One fault: seconds from its beginning until it was seen and named, from its end until the stream was back.

    `late_s` is from the announced retry to streaming, None where no retry was awaited.
    """

    kind: str
    stream: str
    began: float
    seen_s: float | None = None
    named_s: float | None = None
    recovered_s: float | None = None
    late_s: float | None = None


@dataclass(slots=True)
class Ledger:
    """Everything the report is made of."""

    seed: int
    began: float = field(default_factory=time.time)
    outcomes: list[Outcome] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    windows: defaultdict[str | None, list[Window]] = field(default_factory=lambda: defaultdict(list))
    """By stream, oldest first; those of one stream follow each other."""

    notes: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def violated(
        self, rule: str, seen: str, *, stream: str | None = None, fault: str | None = None, since: float | None = None
    ) -> None:
        """Note a violation and say so at once."""
        violation = Violation(time.time(), rule, seen, stream, fault, since)
        self.violations.append(violation)
        print(self.told(violation), flush=True)

    def told(self, violation: Violation) -> str:
        """One line: when, what rule, which camera and fault, what was seen instead."""
        about = " of ".join(filter(None, (violation.fault, violation.stream)))
        since = "" if violation.since is None else f" at {self.clock(violation.since).strip()}"
        place = f"{about}{since}: " if about else ""
        return f"{self.clock(violation.at)} VIOLATION {violation.rule}: {place}{violation.seen}"

    def note(self, text: str) -> None:
        """Note what a reader of the report has to know."""
        self.notes.append(text)
        print(f"{self.clock()} {text}", flush=True)

    def clock(self, at: float | None = None) -> str:
        """The minutes and seconds since the beginning."""
        seconds = max(0.0, (time.time() if at is None else at) - self.began)
        return f"{int(seconds // 60):3d}:{seconds % 60:04.1f}"

    def open_window(self, stream: str | None, kind: str = "", *, before_s: float = BEFORE_S) -> Window:
        """A fault of a stream (None: of all of them) begins; the caller sets the window's end."""
        window = Window(time.time(), kind=kind, before_s=before_s)
        self.windows[stream].append(window)
        return window

    def spared(self, stream: str, begin: float, end: float) -> bool:
        """Say whether no fault touched a stream between two moments, margins included."""
        windows = self.windows[stream]
        newest = bisect_left(windows, end + BEFORE_S, key=lambda window: window.begin)
        near = (*windows[max(0, newest - 2) : newest], *self.windows[None])
        return all(window.spares(begin, end) for window in near)

    def neighbours(self, stream: str, begin: float, end: float) -> str:
        """Say in words which faults lie nearest to two moments, for whoever has to find out."""
        windows = [*self.windows[stream], *self.windows[None], *self.windows[ENGINE]]
        last = max((each for each in windows if each.begin <= begin), key=lambda each: each.end, default=None)
        following = min((each for each in windows if each.begin > begin), key=lambda each: each.begin, default=None)
        before = "no fault" if last is None else f"{last.kind} over {begin - last.end:.1f} s"
        after = "no fault" if following is None else f"{following.kind} {following.begin - end:.1f} s"
        return f"{before} before it, {after} after it"

    def disturbed(self, begin: float, end: float) -> bool:
        """Say whether a fault of everything fell between two moments, so that one stream's cannot be judged."""
        return any(window.touches(begin, end, after_s=1.0) for window in self.windows[None])

    def settled_at(self) -> float:
        """When the last fault of everything was over; infinity while one is under way."""
        return max((window.end for window in self.windows[None]), default=0.0)


def disk_of(stream: str) -> str:
    """What a window is called in which only a stream's recordings suffer."""
    return f"disk of {stream}"
