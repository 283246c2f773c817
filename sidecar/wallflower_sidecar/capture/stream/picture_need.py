"""Whether somebody needs a stream's picture now. Pure."""

from ...domain.clock import Clock

PICTURE_LINGERS_S = 60.0
"""Dashboards ask for a still every 10 s; switching each time would cost more than the picture."""


class PictureNeed:
    """The picture is needed while it is recorded, for a while after each use, and until it was seen once."""

    def __init__(self, clock: Clock, lingers_s: float = PICTURE_LINGERS_S) -> None:
        """Need it, as nothing is known of the camera yet."""
        self._clock = clock
        self._lingers_s = lingers_s
        self.recorded = False
        """Whether it is recorded."""

        self._seen = False
        self._used_s = float("-inf")

    @property
    def now(self) -> bool:
        """Whether it is needed."""
        return self.recorded or not self._seen or self._clock.monotonic() - self._used_s < self._lingers_s

    def use(self) -> None:
        """Somebody looks, or an answer is owed."""
        self._used_s = self._clock.monotonic()

    def record(self, *, wanted: bool) -> None:
        """It is recorded from now on, or no longer."""
        if self.recorded and not wanted:
            self.use()
        self.recorded = wanted

    def seen(self) -> None:
        """What the camera has is known; the first look counts as a use."""
        if not self._seen:
            self._seen = True
            self.use()

    def forget(self) -> None:
        """It is another camera now."""
        self._seen = False
