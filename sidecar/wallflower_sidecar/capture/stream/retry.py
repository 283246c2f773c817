"""When a session that ended is tried again: full jitter, a breaker, and patience with a wrong password. Pure."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import random

from ...domain.clock import Clock
from ...domain.errors import CaptureCode
from ...domain.streams import StreamState


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds and counts."""

    first_s: float = 1.0
    limit_s: float = 60.0
    reset_after_s: float = 60.0
    breaker_failures: int = 5
    breaker_window_s: float = 300.0
    breaker_probe_s: float = 60.0
    first_password_s: float = 60.0
    password_s: float = 900.0


@dataclass(frozen=True, slots=True)
class Wait:
    """What a stream does until its next attempt."""

    state: StreamState
    delay_s: float


class Retry:
    """The retry state of one stream."""

    def __init__(
        self,
        clock: Clock,
        policy: RetryPolicy | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Start without failures."""
        self._clock = clock
        self._policy = policy or RetryPolicy()
        self._uniform = uniform
        self.reset()

    def reset(self) -> None:
        """Forget every failure."""
        self._ceiling_s = self._policy.first_s
        self._failures: deque[float] = deque(maxlen=self._policy.breaker_failures)
        self._open = False
        self._refusals = 0
        self._streaming_since: float | None = None

    def streaming(self) -> None:
        """The attempt brought packets: it is no failure, and the breaker closes."""
        if self._streaming_since is None:
            self._streaming_since = self._clock.monotonic()
            self._failures.clear()
            self._open = False
            self._refusals = 0

    def ended(self, code: CaptureCode) -> Wait:
        """An attempt ended unasked; returns how long to wait before the next."""
        now = self._clock.monotonic()
        since, self._streaming_since = self._streaming_since, None
        if since is not None and now - since >= self._policy.reset_after_s:
            self._ceiling_s = self._policy.first_s
        if code is CaptureCode.AUTH_FAILED:
            self._refusals += 1
            first = self._refusals == 1
            return Wait(StreamState.AUTH_FAILED, self._policy.first_password_s if first else self._policy.password_s)
        if since is None:
            self._failures.append(now)
        if self._open or self._breaks(now):
            self._open = True
            return Wait(StreamState.OPEN, self._policy.breaker_probe_s)
        ceiling_s, self._ceiling_s = self._ceiling_s, min(self._policy.limit_s, self._ceiling_s * 2)
        return Wait(StreamState.BACKOFF, self._uniform(0.0, ceiling_s))

    def interrupted(self) -> None:
        """The attempt ended for a reason of our own (its worker died); that is no failure."""
        self._streaming_since = None

    def _breaks(self, now: float) -> bool:
        full = len(self._failures) == self._policy.breaker_failures
        return full and now - self._failures[0] <= self._policy.breaker_window_s
