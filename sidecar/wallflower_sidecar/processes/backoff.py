"""How long to wait before a child that died is started again."""

from dataclasses import dataclass


@dataclass(slots=True)
class RestartBackoff:
    """At once after the first death, then doubling; a child that lived long enough clears it (seconds)."""

    first_s: float = 0.1
    second_s: float = 0.5
    limit_s: float = 30.0
    reset_after_s: float = 60.0
    _deaths: int = 0

    def next_delay(self, lived_s: float) -> float:
        """Seconds to wait now that a child died which had lived for `lived_s`."""
        if lived_s >= self.reset_after_s:
            self._deaths = 0
        self._deaths += 1
        if self._deaths == 1:
            return self.first_s
        return float(min(self.limit_s, self.second_s * 2 ** min(self._deaths - 2, 16)))

    def reset(self) -> None:
        """Forget the deaths so far."""
        self._deaths = 0
