"""Who waits for a session's picture: each is answered once, with the newest or with the next key frame."""

from collections.abc import Callable
import threading

from ...domain.clock import Clock
from .picture import NewestPicture, Picture

type PictureAsker = Callable[[Picture | None], None]


class Asking:
    """Asked by any thread; the session's own gives it the picture, answers and ends it."""

    def __init__(self, clock: Clock) -> None:
        """Have no picture yet."""
        self.picture: NewestPicture | None = None
        self._clock = clock
        self._lock = threading.Lock()
        self._askers: list[PictureAsker] = []
        self._ended = False

    def ask(self, asker: PictureAsker) -> None:
        """Call `asker` with the newest picture, now or with the next key frame; with None at the end."""
        with self._lock:
            picture = self._newest()
            if picture is None and not self._ended:
                self._askers.append(asker)
                return
        asker(picture)

    def forget(self, asker: PictureAsker) -> bool:
        """Forget an asker; False when it was, or is being, called."""
        with self._lock:
            if asker not in self._askers:
                return False
            self._askers.remove(asker)
            return True

    def answer(self) -> None:
        """A key frame came."""
        with self._lock:
            picture = self._newest()
            if picture is None and not self._ended:
                return
            askers, self._askers = self._askers, []
        for asker in askers:
            asker(picture)

    def end(self) -> None:
        """No picture comes any more."""
        self._ended = True
        self.answer()

    def _newest(self) -> Picture | None:
        return self.picture.take(self._clock.monotonic()) if self.picture else None
