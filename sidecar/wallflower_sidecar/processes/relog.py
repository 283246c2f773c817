"""Logs what a child wrote to its standard error, bounded in length and rate."""

import asyncio
from collections import Counter
import json
import logging

from ..domain.clock import Clock
from ..domain.redaction import without_secrets

MAX_LINE = 16_384
"""Bytes of one line that are kept; the rest of it is thrown away."""

MAX_LINES_A_SECOND = 50

_LOGGER = logging.getLogger(__name__)


class StderrRelog(asyncio.Protocol):
    """Reads the pipe; JSON lines keep level and logger, others are warnings; secrets of addresses are masked."""

    def __init__(self, child: str, clock: Clock) -> None:
        """Log in the name of `child`."""
        self.closed = asyncio.Event()
        self.suppressed = 0
        self._child = child
        self._clock = clock
        self._line = bytearray()
        self._window_start = clock.monotonic()
        self._in_window: Counter[bool] = Counter()

    def data_received(self, data: bytes) -> None:
        """Take in bytes; log the lines that are complete."""
        first, *rest = data.split(b"\n")
        self._extend(first)
        for piece in rest:
            self._log()
            self._extend(piece)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Log what was left without a line end."""
        self._log()
        self._report_suppressed()
        self.closed.set()

    def _extend(self, piece: bytes) -> None:
        self._line += piece[: MAX_LINE - len(self._line)]

    def _log(self) -> None:
        text = self._line.decode(errors="replace").strip()
        self._line.clear()
        if not text:
            return
        logger, level, message = _parse(text)
        if self._admits(level):
            logger.log(level, "[%s] %s", self._child, message)
        else:
            self.suppressed += 1

    def _admits(self, level: int) -> bool:
        """Count one line against its second; errors have a bound of their own, so that chatter hides none."""
        now = self._clock.monotonic()
        if now - self._window_start >= 1.0:
            self._report_suppressed()
            self._window_start = now
        kind = level >= logging.ERROR
        self._in_window[kind] += 1
        return self._in_window[kind] <= MAX_LINES_A_SECOND

    def _report_suppressed(self) -> None:
        over = sum(max(0, count - MAX_LINES_A_SECOND) for count in self._in_window.values())
        if over:
            _LOGGER.warning("[%s] %d more lines in one second were left out", self._child, over)
        self._in_window.clear()


def _parse(text: str) -> tuple[logging.Logger, int, str]:
    try:
        record = json.loads(text)
        name, level, message = str(record["logger"]), int(record["level"]), str(record["message"])
    except ValueError, TypeError, KeyError, RecursionError:
        return _LOGGER, logging.WARNING, without_secrets(text)
    return logging.getLogger(name), level, without_secrets(message)
