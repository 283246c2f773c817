"""The port to whatever recognises speech."""

from collections.abc import Callable
from typing import Protocol

from wallflower_sidecar.domain.errors import WallflowerError
from wallflower_sidecar.domain.health import TranscriberInfo
from wallflower_sidecar.domain.transcripts import Hints, Transcript, Utterance

LONGEST_UTTERANCE_S = 300.0
"""No recogniser takes more sound at once."""


class UtteranceRefusedError(WallflowerError):
    """This utterance cannot become text and sending it again would not help; others may well."""


class Transcriber(Protocol):
    """A recogniser. One utterance gives one transcript, whose text is empty when nothing was said."""

    @property
    def info(self) -> TranscriberInfo:
        """What transcribes and whether it can work now."""

    @property
    def parallel(self) -> int:
        """How many utterances are worth handing over at once, 1 or more; more of them wait for each other."""

    def subscribe(self, on_change: Callable[[TranscriberInfo], None]) -> Callable[[], None]:
        """Call `on_change` on the event loop whenever `info` changes; returns what ends that."""

    async def run(self) -> None:
        """Keep the recogniser at work until cancelled; nothing else starts it."""

    def restart(self) -> None:
        """Begin anew at once: a new engine process, new sessions, no waiting for a retry."""

    async def transcribe(self, utterance: Utterance, hints: Hints) -> Transcript:
        """Turn an utterance into text.

        Raises TranscriberUnavailableError when it should be sent again later, UtteranceRefusedError when not.
        """

    async def draft(self, utterance: Utterance, hints: Hints) -> Transcript:
        """Turn what was heard so far of an utterance into text that may still change: quick, without words.

        Tried once; raises like `transcribe`.
        """


class InfoBoard:
    """Holds a transcriber's info and tells those who subscribed when it changes."""

    def __init__(self, info: TranscriberInfo) -> None:
        """Start with `info`."""
        self._info = info
        self._listeners: list[Callable[[TranscriberInfo], None]] = []

    @property
    def info(self) -> TranscriberInfo:
        """What was last told."""
        return self._info

    def subscribe(self, on_change: Callable[[TranscriberInfo], None]) -> Callable[[], None]:
        """Call `on_change` whenever the info changes; returns what ends that."""
        self._listeners.append(on_change)
        return lambda: self._listeners.remove(on_change)

    def tell(self, info: TranscriberInfo) -> None:
        """Take in the info of now; tells only a change."""
        if info != self._info:
            self._info = info
            for listener in tuple(self._listeners):
                listener(info)


def require_whole(utterance: Utterance) -> None:
    """Raise UtteranceRefusedError for sound that no recogniser can take."""
    if len(utterance.pcm) % 2 or not 0 < utterance.duration_s <= LONGEST_UTTERANCE_S:
        raise UtteranceRefusedError("The utterance is empty, torn or longer than 5 minutes.")
