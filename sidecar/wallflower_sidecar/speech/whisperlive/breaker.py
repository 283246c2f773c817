"""When a server that failed is tried again, and what is said until then. Pure."""

from collections.abc import Callable
import random

from wallflower_sidecar.domain.clock import Clock

from .faults import ServerFaultError
from .limits import Limits


class Breaker:
    """Open from a fault until a session is ready again; meanwhile the server is only probed, with growing pauses."""

    def __init__(self, limits: Limits, clock: Clock, uniform: Callable[[float, float], float] = random.uniform) -> None:
        """Start closed."""
        self.fault: ServerFaultError | None = None
        """Why it is open; None while it is closed."""
        self._limits = limits
        self._clock = clock
        self._uniform = uniform
        self._due_at = 0.0
        self._ceiling_s = 0.0
        self._worked = False
        """Whether a session was ready since the last fault: then what looks like wrong settings may be a restart."""

    @property
    def due_s(self) -> float:
        """Seconds until the next probe; 0 when it is due or the breaker closed."""
        return max(0.0, self._due_at - self._clock.monotonic()) if self.fault is not None else 0.0

    def open(self, fault: ServerFaultError) -> None:
        """Take in a fault; the pause doubles with each, within half of itself by chance."""
        limits = self._limits
        first_s = limits.first_settings_retry_s if fault.settings and not self._worked else limits.first_retry_s
        self._worked = False
        last_s = limits.last_settings_retry_s if fault.settings else limits.last_retry_s
        self._ceiling_s = min(last_s, max(first_s, 2 * self._ceiling_s))
        pause_s = self._uniform(self._ceiling_s / 2, self._ceiling_s)
        if fault.wait_s is not None:
            pause_s = min(max(fault.wait_s, pause_s), limits.longest_wait_s)
        self.fault = fault
        self._due_at = self._clock.monotonic() + pause_s

    def close(self) -> None:
        """A session is ready; pauses go on from where they were until text came."""
        self.fault = None
        self._worked = True

    def reset(self) -> None:
        """Text came, or a person asked to begin anew: forget every fault."""
        self.fault = None
        self._ceiling_s = 0.0
