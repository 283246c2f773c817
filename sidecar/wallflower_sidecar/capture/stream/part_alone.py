"""Whether a camera gives a part of what it has alone, its sound or its picture. Pure."""

from ...domain.clock import Clock

MISSES = 2
"""So often a session of the part alone must fail where one of everything does not, until no more are tried."""

MISS_S = 30.0
"""How soon after such a failure the other must have worked; later it was the network."""


class PartAlone:
    """What is known of one part; trusted until the camera shows otherwise."""

    def __init__(self, clock: Clock) -> None:
        """Expect it to be given."""
        self._clock = clock
        self._refused = False
        self._missed_s: float | None = None
        self._misses = 0

    @property
    def is_doubted(self) -> bool:
        """Whether everything is asked for instead: it is refused, or may be why the last session failed."""
        return self._refused or self._missed_s is not None

    def refuse(self) -> None:
        """The camera gave everything instead."""
        self._refused = True

    def failed(self) -> None:
        """A session of it alone brought nothing."""
        self._missed_s = self._clock.monotonic()

    def failed_beside(self) -> None:
        """So did one beside another: it may have been one session too many, so no more can be said of it."""
        self._misses = max(self._misses, 1)

    def trust(self) -> None:
        """A session of everything brought nothing either."""
        self._missed_s = None

    def delivered(self) -> None:
        """A session of it alone works."""
        self._misses = 0

    def delivered_whole(self) -> None:
        """A session of everything works."""
        if self._missed_s is None:
            return
        if self._clock.monotonic() - self._missed_s <= MISS_S:
            self._misses += 1
            self._refused = self._refused or self._misses >= MISSES
        self._missed_s = None
