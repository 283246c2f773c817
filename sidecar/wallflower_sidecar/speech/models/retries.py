"""When something that failed is tried again."""

from collections.abc import Iterator
from dataclasses import dataclass

_MINUTE_S = 60
_LONGEST_IN_SECONDS = 100


@dataclass(frozen=True, slots=True)
class Retries:
    """Waits that double from the first to the last, in seconds."""

    first_s: float = 5.0
    last_s: float = 300.0

    def waits(self) -> Iterator[float]:
        """Yield the waits, for ever."""
        wait_s = self.first_s
        while True:
            yield wait_s
            wait_s = min(self.last_s, 2 * wait_s)


def spoken(seconds: float) -> str:
    """A wait in words: `5 s`, `3 min`."""
    return f"{seconds:.0f} s" if seconds < _LONGEST_IN_SECONDS else f"{seconds / _MINUTE_S:.0f} min"
