"""How regularly the packets of one medium come."""

from dataclasses import dataclass

GONE_S = 4.5
"""When one medium goes on and the other does not, it has ceased, or its codec is another, which libav drops in
silence."""

_LIVELY_S = 2.0
"""Seconds between two packets of a medium of which that can be said."""

_STEADY_S = 10.0
"""Sound must have run this long without a pause: cameras exist that send none while it is quiet."""

_PAUSE_S = 1.0


@dataclass(slots=True)
class Flow:
    """The arrivals of one medium's packets in seconds of the monotonic clock."""

    count: int = 0
    first_s: float | None = None
    last_s: float = float("-inf")
    interval_s: float = float("inf")
    steady_since_s: float = float("inf")

    def note(self, arrival_s: float) -> None:
        """Take in a packet's arrival."""
        self.count += 1
        if self.first_s is None:
            self.first_s = arrival_s
        self.interval_s = arrival_s - self.last_s
        if self.interval_s > _PAUSE_S:
            self.steady_since_s = arrival_s
        self.last_s = arrival_s

    def is_gone(self, now_s: float) -> bool:
        """Whether packets came in quick succession and come no more."""
        return self.interval_s < _LIVELY_S and now_s - self.last_s > GONE_S

    def is_gone_after_steadiness(self, now_s: float) -> bool:
        """Whether packets came for long without a pause and come no more."""
        return self.is_gone(now_s) and self.last_s - self.steady_since_s >= _STEADY_S
