"""When a session that ended is tried again: full jitter, a breaker, and patience with a refused password. Pure."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import random

from ...domain.clock import Clock
from ...domain.errors import CaptureCode
from ...domain.streams import StreamState
from .accounts import LONGEST_S, Account, patience_s


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds and counts."""

    first_s: float = 1.0
    limit_s: float = 60.0
    reset_after_s: float = 60.0
    breaker_failures: int = 5
    breaker_window_s: float = 300.0
    breaker_probe_s: float = 60.0
    steady_s: float = 10.0


_REOPENED_AT_ONCE = frozenset({CaptureCode.CODEC_CHANGED, CaptureCode.NO_AUDIO, CaptureCode.NO_VIDEO})
"""Ends of a session that went well for `steady_s`, whose camera answers: only a new one shows what it sends now."""


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
        self._account = Account(clock)
        self._sessions: set[object] = set()
        self._was_accepted = self._is_held = False
        self.reset()

    def use(self, account: Account) -> None:
        """Try with these credentials from now on."""
        for session in self._sessions:
            self._account.left(session)
        self._sessions.clear()
        self._account = account
        self._was_accepted = self._is_held = False

    @property
    def is_released(self) -> bool:
        """Whether this stream waits for credentials that may be tried at once, as is known since."""
        return self._is_held and not self._account.is_held

    @property
    def admits_second(self) -> bool:
        """Whether another session may be opened beside the present one."""
        return self._account.admits_second

    def hold(self) -> Wait | None:
        """What to do instead of an attempt, as the credentials were refused; None when they may be tried."""
        wait_s = self._account.wait_s(self)
        self._is_held = wait_s > 0
        return Wait(StreamState.AUTH_FAILED, wait_s) if wait_s else None

    def lets_another_try(self, due_s: float) -> bool:
        """Whether to see first how another stream, which tries the same credentials now, gets on."""
        return self._account.is_being_tried and self._clock.monotonic() - due_s < LONGEST_S

    def begun(self, session: object) -> None:
        """An attempt was begun."""
        self._sessions.add(session)
        self._account.tried(session)

    def answered(self, session: object) -> None:
        """The camera answers an attempt."""
        self._account.answered(session)

    def accepted(self, session: object) -> None:
        """The camera opened a session."""
        self._sessions.add(session)
        self._was_accepted = True
        self._account.accepted(session)

    def gone(self, session: object) -> None:
        """A session is over."""
        if session in self._sessions:
            self._sessions.discard(session)
            self._account.left(session)

    def refused_second(self) -> None:
        """A session beside the present one was refused for its credentials."""
        self._account.refused_second()

    def reset(self) -> None:
        """Forget every failure, also what others know of the credentials."""
        self._account.clear()
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
            return Wait(StreamState.AUTH_FAILED, self._refused())
        if code in _REOPENED_AT_ONCE and since is not None and now - since >= self._policy.steady_s:
            return Wait(StreamState.BACKOFF, 0.0)
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

    def _refused(self) -> float:
        """How long to wait; alone where others are let in, as then it is this path that is forbidden."""
        if self._account.works and not self._was_accepted:
            self._refusals += 1
            return patience_s(self._refusals)
        self._is_held = True
        return self._account.refused(self)

    def _breaks(self, now: float) -> bool:
        full = len(self._failures) == self._policy.breaker_failures
        return full and now - self._failures[0] <= self._policy.breaker_window_s
