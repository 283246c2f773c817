"""Sound that belongs to no stream: somebody waits for its text, in turn with the streams."""

import asyncio

from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.health import TranscriberInfo
from wallflower_sidecar.domain.transcripts import Transcript

from .fair_queue import FairQueue, Waiting
from .transcriber import UtteranceRefusedError

TRIES = 3


class OneOff:
    """The one-off work in a FairQueue; nobody is left waiting for what cannot be done."""

    def __init__(self, queue: FairQueue, bound: int) -> None:
        """Let at most `bound` wait."""
        self._queue = queue
        self._bound = bound

    def put(self, item: Waiting, info: TranscriberInfo) -> None:
        """Put in line; raises TranscriberUnavailableError when nothing can work, or too much waits."""
        if error := _unable(info):
            raise error
        if len(self._queue.one_off) >= self._bound:
            raise TranscriberUnavailableError("busy", "Too much waits to be transcribed. Try again later.")
        self._queue.put(item)

    def follow(self, info: TranscriberInfo) -> None:
        """The transcriber changed: refuse what waits if it cannot work."""
        if error := _unable(info):
            self.refuse_all(error)

    def stop(self) -> None:
        """Refuse whatever waits."""
        self.refuse_all(stopping())

    def refuse_all(self, error: TranscriberUnavailableError) -> None:
        """Refuse whatever waits, and say why."""
        for item in self._queue.one_off:
            self._queue.remove(item)
            refuse(item, error)


def give(item: Waiting, transcript: Transcript) -> None:
    """Give the text to whoever waits, if somebody still does."""
    if item.answer is not None and not item.answer.done():
        item.answer.set_result(transcript)


def refuse(item: Waiting, error: TranscriberUnavailableError | UtteranceRefusedError) -> None:
    """Say why there is no text to whoever waits, if somebody still does."""
    if item.answer is not None and not item.answer.done():
        item.answer.set_exception(error)


def is_over(item: Waiting, info: TranscriberInfo) -> bool:
    """Whether trying it again is of no use: tried often enough, nobody waits any more, or nothing can work."""
    return item.answer is not None and (item.tries >= TRIES or item.answer.done() or _unable(info) is not None)


def stopping() -> TranscriberUnavailableError:
    """Nothing is transcribed any more."""
    return TranscriberUnavailableError("stopping", "Speech recognition is being stopped.")


def new_answer() -> asyncio.Future[Transcript]:
    """What makes a Waiting one-off work."""
    return asyncio.get_running_loop().create_future()


def _unable(info: TranscriberInfo) -> TranscriberUnavailableError | None:
    """Why waiting is of no use; None while the recogniser works or will in a moment."""
    if info.state in {"ready", "starting"}:
        return None
    return TranscriberUnavailableError(info.state, info.detail or "There is nothing to recognise speech with.")
