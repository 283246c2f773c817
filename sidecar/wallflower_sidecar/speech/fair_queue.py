"""What waits for the recogniser: bounded in seconds of sound, and fair between streams."""

import asyncio
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from wallflower_sidecar.domain.transcripts import Hints, Transcript, Utterance


@dataclass(slots=True, eq=False)
class Waiting:
    """An utterance in line since `since` (monotonic seconds); one object is one place in the line.

    With an `answer` it is one-off work: somebody awaits just this text, and it belongs to no stream's line.
    `void` means that its text is of no use any more.
    """

    utterance: Utterance
    hints: Hints
    since: float
    answer: asyncio.Future[Transcript] | None = None
    tries: int = 0
    void: bool = False

    @property
    def stream(self) -> str:
        """The stream it was heard on."""
        return self.utterance.stream

    @property
    def line(self) -> str | None:
        """Its stream; None for one-off work, all of which shares a line."""
        return self.stream if self.answer is None else None

    @property
    def seconds(self) -> float:
        """Its length in seconds of sound."""
        return self.utterance.duration_s


@dataclass(slots=True)
class _Line:
    turn: int
    place: int
    items: deque[Waiting] = field(default_factory=deque)


class FairQueue:
    """A line for each stream, served in turn; over its bounds the oldest goes, first in the longest line.

    Bounds are in seconds of sound. An utterance longer than a bound is kept while it is alone in its line.
    One-off work has a line beside them that comes last in each turn and is not bounded.
    """

    def __init__(self, *, stream_bound_s: float, bound_s: float) -> None:
        """Begin empty."""
        self._stream_bound_s = stream_bound_s
        self._bound_s = bound_s
        self._lines: dict[str | None, _Line] = {}
        self._turn = 0
        self._places = 0
        self._served: dict[str | None, int] = {}

    def __len__(self) -> int:
        return sum(len(line.items) for line in self._lines.values())

    @property
    def live(self) -> int:
        """How many utterances of streams wait."""
        return sum(len(line.items) for line in self._live())

    @property
    def one_off(self) -> list[Waiting]:
        """The one-off work that waits."""
        line = self._lines.get(None)
        return list(line.items) if line else []

    def put(self, item: Waiting) -> list[Waiting]:
        """Add at the end of its line; returns what had to go."""
        line = self._lines.get(item.line)
        if line is None:
            line = self._lines[item.line] = self._joined(max(self._turn, self._served.get(item.line, -1) + 1))
        line.items.append(item)
        return self._shrink(item.line)

    def put_back(self, item: Waiting) -> list[Waiting]:
        """Put what was taken back to the front, its line being served next; returns what had to go."""
        line = self._lines.setdefault(item.line, self._joined(0))
        line.turn = -1
        line.items.appendleft(item)
        return self._shrink(item.line)

    def take(self, barred: Collection[str | None] = ()) -> Waiting | None:
        """Remove the oldest of the line whose turn it is, `barred` ones passed over; None when nothing is left."""
        lines = [key for key in self._lines if key not in barred]
        if not lines:
            return None
        key = min(lines, key=self._rank)
        line = self._lines[key]
        item = line.items.popleft()
        self._turn = max(self._turn, line.turn)
        self._served = {name: turn for name, turn in self._served.items() if turn >= self._turn}
        self._served[key] = self._turn
        line.turn = self._turn + 1
        line.place = self._next_place()
        if not line.items:
            del self._lines[key]
        return item

    def remove(self, item: Waiting) -> None:
        """Remove an item wherever it stands; nothing when it does not."""
        line = self._lines.get(item.line)
        if line is not None and item in line.items:
            line.items.remove(item)
            if not line.items:
                del self._lines[item.line]

    def forget(self, stream: str) -> list[Waiting]:
        """Remove a stream's line; returns what stood in it."""
        line = self._lines.pop(stream, None)
        return list(line.items) if line else []

    def _rank(self, key: str | None) -> tuple[int, bool, int]:
        line = self._lines[key]
        return line.turn, key is None, line.place

    def _joined(self, turn: int) -> _Line:
        return _Line(turn, self._next_place())

    def _next_place(self) -> int:
        self._places += 1
        return self._places

    def _live(self) -> list[_Line]:
        return [line for key, line in self._lines.items() if key is not None]

    def _shrink(self, key: str | None) -> list[Waiting]:
        gone: list[Waiting] = []
        if key is None:
            return gone
        line = self._lines[key]
        while len(line.items) > 1 and _seconds(line) > self._stream_bound_s:
            gone.append(line.items.popleft())
        while self.live > 1 and sum(map(_seconds, self._live())) > self._bound_s:
            gone.append(max(self._live(), key=_seconds).items.popleft())
            self._lines = {name: each for name, each in self._lines.items() if each.items}
        return gone


def _seconds(line: _Line) -> float:
    return sum(item.seconds for item in line.items)
