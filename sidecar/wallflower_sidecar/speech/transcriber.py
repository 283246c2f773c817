"""The port to whatever recognises speech."""

from collections.abc import Callable
from typing import Protocol

from wallflower_sidecar.domain.errors import WallflowerError
from wallflower_sidecar.domain.health import TranscriberInfo
from wallflower_sidecar.domain.transcripts import Hints, Transcript, Utterance


class UtteranceRefusedError(WallflowerError):
    """This utterance cannot become text and sending it again would not help; others may well."""


class Transcriber(Protocol):
    """A recogniser. One utterance gives one transcript, whose text is empty when nothing was said."""

    @property
    def info(self) -> TranscriberInfo:
        """What transcribes and whether it can work now."""

    def subscribe(self, on_change: Callable[[TranscriberInfo], None]) -> Callable[[], None]:
        """Call `on_change` on the event loop whenever `info` changes; returns what ends that."""

    async def run(self) -> None:
        """Keep the recogniser at work until cancelled; nothing else starts it."""

    async def transcribe(self, utterance: Utterance, hints: Hints) -> Transcript:
        """Turn an utterance into text.

        Raises TranscriberUnavailableError when it should be sent again later, UtteranceRefusedError when not.
        """
