"""What the scheduler knows of each stream: what has no text yet, and what was given up or left out."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from wallflower_sidecar.domain.clock import Clock

from .fair_queue import Waiting


@dataclass(slots=True)
class Account:
    """One stream: its utterances not yet handed on, in order, and what is counted of it."""

    pending: deque[Waiting] = field(default_factory=deque)
    newest_final: str | None = None
    dropped_s: float = 0.0
    suppressed: int = 0
    dropped_drafts: int = 0


class Accounts:
    """The accounts of the streams that were heard of."""

    def __init__(self, clock: Clock) -> None:
        """Begin without any."""
        self._clock = clock
        self._accounts: dict[str, Account] = {}

    def open(self, stream: str) -> Account:
        """Return a stream's account, a new one if it has none."""
        return self._accounts.setdefault(stream, Account())

    def find(self, stream: str) -> Account:
        """Return a stream's account; one that is not kept if it has none."""
        return self._accounts.get(stream) or Account()

    def forget(self, stream: str) -> None:
        """Close a stream's account."""
        self._accounts.pop(stream, None)

    @property
    def streams(self) -> Iterable[str]:
        """The streams that were heard of."""
        return self._accounts.keys()

    def is_pending(self, item: Waiting) -> bool:
        """Whether an utterance was neither handed on nor given up nor forgotten."""
        return item in self.find(item.stream).pending

    def settle(self, item: Waiting) -> None:
        """Nothing waits for this utterance any more."""
        if self.is_pending(item):
            self.find(item.stream).pending.remove(item)

    @property
    def nothing_pending(self) -> bool:
        """Whether every utterance was handed on or given up."""
        return not any(account.pending for account in self._accounts.values())

    @property
    def dropped_s(self) -> float:
        """Seconds of speech given up, all present streams together."""
        return sum(account.dropped_s for account in self._accounts.values())

    def lag_of(self, stream: str) -> float:
        """Seconds since the stream's oldest utterance without text was handed in; 0 without one."""
        pending = self.find(stream).pending
        return self._clock.monotonic() - pending[0].since if pending else 0.0
