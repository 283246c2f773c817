"""Whether sound lasts as long as it takes to arrive: a codec read as another one runs too fast or too slow."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from .sound import Piece

_FASTEST = 1.25
_SLOWEST = 0.7
_FAST_LOOKS = 2
_SLOW_LOOKS = 3
"""So many looks in a row must find the same: a wrong rate is as wrong in each, a poor network is not for long."""

_MOST_OWED_S = 10.0
"""A network that paused hands on so much at most, faster than it sounds."""

_JITTER_S = 0.3


class SoundPace:
    """Compares the sound with the monotonic clock from one look to the next, 1.5 s and more apart."""

    def __init__(self) -> None:
        """Trust no pace yet."""
        self._was_right = False
        self._wrong = 0
        self._owed_s = 0.0
        self._looked_s: float | None = None
        self._sound_s = 0.0
        self._stamps: list[tuple[float, float]] = []

    def note(self, pieces: Sequence[Piece]) -> None:
        """Take in the next sound."""
        self._sound_s += sum(piece.duration_s for piece in pieces)
        self._stamps += [(piece.pts_s, piece.arrival_s) for piece in pieces if piece.pts_s is not None]

    def is_lost(self, now_s: float) -> bool:
        """Look at what came since the last look; returns whether the pace was right and is wrong for good."""
        if self._looked_s is not None:
            self._judge(self._direction(now_s - self._looked_s))
        self._looked_s, self._sound_s = now_s, 0.0
        self._stamps.clear()
        return self._was_right and (self._wrong >= _FAST_LOOKS or -self._wrong >= _SLOW_LOOKS)

    def _judge(self, direction: int) -> None:
        if direction == 0:
            self._was_right, self._wrong = True, 0
        elif direction * self._wrong >= 0:
            self._wrong += direction
        else:
            self._wrong = direction

    def _direction(self, passed_s: float) -> int:
        """1: too fast, -1: too slow."""
        pace, owed_s = self._sound_s / passed_s, self._owed_s
        self._owed_s = min(max(owed_s + passed_s - self._sound_s, 0.0), _MOST_OWED_S)
        if pace > _FASTEST:
            return 1 if self._sound_s - passed_s > owed_s + _JITTER_S else 0
        return -1 if pace < _SLOWEST and self._is_slow_step_by_step() else 0

    def _is_slow_step_by_step(self) -> bool:
        """Whether most steps take longer than their time stamps say; where packets are lost, both are as long."""
        steps = [(later[0] - earlier[0], later[1] - earlier[1]) for earlier, later in pairwise(self._stamps)]
        if not steps:
            return False
        said_s, took_s = median(step[0] for step in steps), median(step[1] for step in steps)
        return said_s < _SLOWEST * took_s
