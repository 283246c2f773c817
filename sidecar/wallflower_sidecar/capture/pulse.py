"""Looking at every session of a worker twice a second, also at those whose thread waits in libav."""

from collections.abc import Iterator
from contextlib import contextmanager
import logging
import threading
from typing import Protocol

from .connection.flowing import LOOK_EVERY_S

_LOGGER = logging.getLogger(__name__)


class Watched(Protocol):
    """What is looked at."""

    def look(self) -> None:
        """Find out whether something is wrong; called by a thread of its own and never waits."""


class Pulse:
    """One thread, from the first that is looked at until `end`."""

    def __init__(self) -> None:
        """Look at nothing yet."""
        self._watched: set[Watched] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, watched: Watched) -> Iterator[None]:
        """Look at it within the block."""
        with self._lock:
            self._watched.add(watched)
            if self._thread is None and not self._ended.is_set():
                self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._watched.discard(watched)

    def end(self) -> None:
        """Look no more."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            with self._lock:
                watched = tuple(self._watched)
            for each in watched:
                try:
                    each.look()
                except Exception:
                    _LOGGER.exception("a session could not be looked at")
