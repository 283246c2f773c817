"""What waits for the recogniser: bounded in seconds of sound, and fair between streams."""

from collections import deque
from dataclasses import dataclass

from wallflower_sidecar.domain.transcripts import Hints, Utterance


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """An utterance in line since `since` (monotonic seconds); one object is one place in the line."""

    utterance: Utterance
    hints: Hints
    since: float

    @property
    def stream(self) -> str:
        """The stream it was heard on."""
        return self.utterance.stream

    @property
    def seconds(self) -> float:
        """Its length in seconds of sound."""
        return self.utterance.duration_s


class FairQueue:
    """A line for each stream, served in turn; over its bounds the oldest goes, first in the longest line.

    Bounds are in seconds of sound. An utterance longer than a bound is kept while it is alone in its line.
    """

    def __init__(self, *, stream_bound_s: float, bound_s: float) -> None:
        """Begin empty."""
        self._stream_bound_s = stream_bound_s
        self._bound_s = bound_s
        self._lines: dict[str, deque[Waiting]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def put(self, item: Waiting) -> list[Waiting]:
        """Add at the end of its stream's line; returns what had to go."""
        self._lines.setdefault(item.stream, deque()).append(item)
        return self._shrink(item.stream)

    def put_back(self, item: Waiting) -> list[Waiting]:
        """Put what was taken back to the front, its stream being served next; returns what had to go."""
        line = self._lines.pop(item.stream, deque())
        line.appendleft(item)
        self._lines = {item.stream: line, **self._lines}
        return self._shrink(item.stream)

    def take(self) -> Waiting | None:
        """Remove the oldest of the stream whose turn it is; None when nothing waits."""
        for stream, line in self._lines.items():
            item = line.popleft()
            del self._lines[stream]
            if line:
                self._lines[stream] = line
            return item
        return None

    def forget(self, stream: str) -> list[Waiting]:
        """Remove a stream's line; returns what stood in it."""
        return list(self._lines.pop(stream, ()))

    def _shrink(self, stream: str) -> list[Waiting]:
        gone: list[Waiting] = []
        line = self._lines[stream]
        while len(line) > 1 and _seconds(line) > self._stream_bound_s:
            gone.append(line.popleft())
        while len(self) > 1 and sum(map(_seconds, self._lines.values())) > self._bound_s:
            longest = max(self._lines, key=lambda name: _seconds(self._lines[name]))
            gone.append(self._lines[longest].popleft())
            if not self._lines[longest]:
                del self._lines[longest]
        return gone


def _seconds(line: deque[Waiting]) -> float:
    return sum(item.seconds for item in line)
