"""Credentials that a camera refused. Cameras lock accounts, so what one stream learns of them holds for all."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import hashlib
import secrets
from weakref import WeakValueDictionary

from ...domain import camera_secrets
from ...domain.camera_url import CameraUrl
from ...domain.clock import Clock
from ...domain.errors import CaptureCode, CaptureError, FieldError

FIRST_S = 60.0
LATER_S = 900.0
"""How long nobody asks after the first refusal, and after each later one."""

ANSWER_S = 1.5
"""How long others wait for the next answer to who tries credentials of which nothing is known,"""

LONGEST_S = 10.0
"""and for all of its answers."""

AFTER_YOU_S = 2.0
"""By how much who was refused lets others go first: perhaps its path alone is forbidden."""

PROBE_S = 10.0
"""How long a refusal is fresh enough to answer a probe with it; after each further one three times as long."""

_REMEMBERED = 64


def patience_s(refusals: int) -> float:
    """How long to wait after so many refusals in a row."""
    return FIRST_S if refusals == 1 else LATER_S


class Account:
    """One user at one camera. Whoever tries it is any object, a session mostly."""

    def __init__(self, clock: Clock) -> None:
        """Nothing is known of it."""
        self._clock = clock
        self._working: set[object] = set()
        self._trying: object | None = None
        self._answered_s = float("-inf")
        self._turn = asyncio.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget every refusal: it may be tried again at once."""
        self._refusals = self._refused_probes = 0
        self._refused: object | None = None
        self._refused_s = self._no_second_until_s = float("-inf")
        self._held_until_s: float | None = None
        self._others_wait = False
        if not self.is_being_tried:
            self._trying = None

    @property
    def works(self) -> bool:
        """Whether a session that it opened goes on."""
        return bool(self._working)

    @property
    def is_held(self) -> bool:
        """Whether there was a refusal, and since then neither a success nor a wish to try again at once."""
        return self._held_until_s is not None

    @property
    def admits_second(self) -> bool:
        """Whether a session may be opened beside one that goes on."""
        return self._clock.monotonic() >= max(self._no_second_until_s, self._held_until_s or 0.0)

    @property
    def is_being_tried(self) -> bool:
        """Whether an answer is awaited that will tell whether it works."""
        return self._trying is not None and not self.works and not self._is_silent

    def wait_s(self, who: object) -> float:
        """For how many seconds `who` must not try it; 0.0 when it may."""
        if self._held_until_s is None:
            return 0.0
        left_s = self._held_until_s - self._clock.monotonic()
        if who is not self._refused:
            self._others_wait = self._others_wait or left_s > 0
        elif self._others_wait:
            left_s += AFTER_YOU_S
        return max(0.0, left_s)

    def tried(self, session: object) -> None:
        """A session is being opened with it."""
        # Once one got no answer, no other is waited for: all go at the same time.
        if self._trying is None or not self._is_silent:
            self._trying, self._answered_s = session, self._clock.monotonic()

    def answered(self, session: object) -> None:
        """The camera answers a session that is being opened with it."""
        if session is self._trying:
            self._answered_s = self._clock.monotonic()

    def accepted(self, session: object) -> None:
        """It opened a session, which goes on."""
        self._working.add(session)
        self.clear()

    def left(self, session: object) -> None:
        """A session is over, however it went."""
        self._working.discard(session)
        if self._trying is session:
            self._trying = None

    def refused(self, who: object) -> float:
        """It was refused; returns for how many seconds nobody may try it."""
        self._refusals += 1
        self._refused, self._others_wait = who, False
        wait_s = patience_s(self._refusals)
        self._hold(wait_s)
        return wait_s

    def refused_second(self) -> None:
        """It was refused for a session beside one that goes on."""
        self._no_second_until_s = self._clock.monotonic() + LATER_S

    @asynccontextmanager
    async def probing(self) -> AsyncIterator[None]:
        """Try it for a person, one at a time; raises CaptureError instead while a refusal is fresh."""
        async with self._turn:
            if (wait_s := self._probe_wait_s()) > 0:
                sentence = f"it is asked again in {wait_s:.0f} s at the earliest, as cameras lock accounts."
                raise CaptureError(CaptureCode.AUTH_FAILED, f"The camera has just refused this password; {sentence}")
            try:
                yield
            except CaptureError as error:
                if error.code is CaptureCode.AUTH_FAILED:
                    self._refused_probes += 1
                    self._hold(0.0 if self.works else patience_s(max(1, self._refusals)))
                raise
            self.clear()

    @property
    def _is_silent(self) -> bool:
        return self._clock.monotonic() - self._answered_s >= ANSWER_S

    def _hold(self, wait_s: float) -> None:
        self._refused_s = self._clock.monotonic()
        if wait_s:
            self._held_until_s = max(self._held_until_s or 0.0, self._refused_s + wait_s)

    def _probe_wait_s(self) -> float:
        times = self._refusals + self._refused_probes
        fresh_s = min(LATER_S, PROBE_S * 3.0 ** max(0, times - 1))
        return self._refused_s + fresh_s - self._clock.monotonic()


class Accounts:
    """Finds an address's account; what it is told apart by cannot be turned back into a password."""

    def __init__(self, clock: Clock) -> None:
        """Know none."""
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._known: WeakValueDictionary[bytes, Account] = WeakValueDictionary()
        self._remembered: deque[Account] = deque(maxlen=_REMEMBERED)

    def of(self, address: str) -> Account:
        """Return the account that all addresses with the same host, port and secrets share."""
        try:
            url = CameraUrl.parse(address)
        except FieldError:
            return Account(self._clock)
        inner = camera_secrets.secrets_of(url.rest)
        if not url.login and not inner:
            return Account(self._clock)
        parts = "\n".join((url.host, str(url.port), url.login, *inner))
        name = hashlib.blake2b(parts.encode(), key=self._key).digest()
        account = self._known.setdefault(name, Account(self._clock))
        self._remembered.append(account)
        return account
