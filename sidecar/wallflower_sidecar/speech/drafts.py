"""Drafts of utterances still being spoken: the newest of each stream, few in line, left out when there is no time."""

from collections.abc import Callable
import logging

from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.transcripts import Transcript, Utterance

from .accounts import Accounts
from .fair_queue import Waiting
from .transcriber import Transcriber, UtteranceRefusedError

_LOGGER = logging.getLogger(__name__)

type OnDraft = Callable[[Utterance, Transcript], None]


class Drafts:
    """One place in line for each stream, in the order in which they came; every draft not handed on is counted."""

    def __init__(self, transcriber: Transcriber, on_draft: OnDraft, accounts: Accounts, bound: int) -> None:
        """Begin empty; let at most `bound` wait, and tell `on_draft`, which must not block, of those that were made."""
        self.faults = 0
        """Failures of the transcriber or of `on_draft` that neither of them should have."""
        self._transcriber = transcriber
        self._on_draft = on_draft
        self._accounts = accounts
        self._bound = bound
        self._waiting: dict[str, Waiting] = {}
        self._in_hand: dict[str, Waiting] = {}

    @property
    def in_hand(self) -> int:
        """How many the recogniser works on."""
        return len(self._in_hand)

    def put(self, item: Waiting) -> None:
        """Add a draft in the place of its stream's older one; over the bound the oldest of all goes."""
        if self._accounts.open(item.stream).newest_final == item.utterance.id:
            self._left_out(item)
            return
        older = self._waiting.get(item.stream)
        self._waiting[item.stream] = item
        if older is not None:
            self._left_out(older)
        if len(self._waiting) > self._bound:
            oldest = min(self._waiting.values(), key=lambda waiting: waiting.since)
            self._left_out(self._waiting.pop(oldest.stream))

    def overtaken(self, final: Utterance) -> None:
        """The whole utterance was handed in: no draft of it is told any more."""
        waiting, in_hand = self._waiting.get(final.stream), self._in_hand.get(final.stream)
        if waiting is not None and waiting.utterance.id == final.id:
            self._left_out(self._waiting.pop(final.stream))
        if in_hand is not None and in_hand.utterance.id == final.id:
            in_hand.void = True

    def forget(self, stream: str) -> None:
        """Drop what there is of a stream."""
        self._waiting.pop(stream, None)
        if in_hand := self._in_hand.get(stream):
            in_hand.void = True

    def take(self) -> Waiting | None:
        """Take the first whose stream has none in hand, to be made; None when there is none."""
        stream = next((stream for stream in self._waiting if stream not in self._in_hand), None)
        if stream is None:
            return None
        item = self._in_hand[stream] = self._waiting.pop(stream)
        return item

    async def make(self, item: Waiting) -> None:
        """Have what was taken made, and tell it unless it is of no use any more."""
        try:
            transcript = await self._transcriber.draft(item.utterance, item.hints)
            if not item.void:
                self._on_draft(item.utterance, transcript)
                return
        except TranscriberUnavailableError, UtteranceRefusedError:
            _LOGGER.debug("%s: a draft could not be made", item.stream)
        except Exception:
            self.faults += 1
            _LOGGER.exception("%s: a draft failed", item.stream)
        finally:
            del self._in_hand[item.stream]
        self._left_out(item)

    def _left_out(self, item: Waiting) -> None:
        self._accounts.find(item.stream).dropped_drafts += 1
