"""Spreads what many streams would do in the same moment. Pure."""

from collections import deque

from ...domain.clock import Clock

TURNS_PER_S = 6
"""Switches of any streams: 30 cameras whose picture is asked for at once have it within 6 s."""


class Turns:
    """Lets so many begin in any second."""

    def __init__(self, clock: Clock, per_s: int = TURNS_PER_S) -> None:
        """Nobody has begun."""
        self._clock = clock
        self._begun_s: deque[float] = deque(maxlen=per_s)

    def take(self) -> bool:
        """Whether the one who asks may begin now; a yes is taken to be used."""
        now_s = self._clock.monotonic()
        if len(self._begun_s) == self._begun_s.maxlen and now_s - self._begun_s[0] < 1.0:
            return False
        self._begun_s.append(now_s)
        return True
