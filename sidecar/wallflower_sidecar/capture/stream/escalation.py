"""Ending a session that may be stuck: ask, shut its socket, kill its worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Measure(Enum):
    """What is done next about a session that does not end."""

    ASK = "ask"
    SHUT = "shut"
    KILL = "kill"


STEPS: Sequence[tuple[float, Measure]] = ((0.0, Measure.ASK), (10.0, Measure.SHUT), (20.0, Measure.KILL))
"""Seconds after the beginning; research/capture.md 5."""


@dataclass(slots=True)
class Escalation:
    """The end of one session, begun at monotonic `began_s`."""

    began_s: float
    taken: int = 0

    @property
    def exhausted(self) -> bool:
        """Whether every measure was taken."""
        return self.taken == len(STEPS)

    def due(self, now_s: float) -> Measure | None:
        """Return the next measure once its time has come, each only once."""
        if self.taken < len(STEPS) and now_s - self.began_s >= STEPS[self.taken][0]:
            self.taken += 1
            return STEPS[self.taken - 1][1]
        return None
