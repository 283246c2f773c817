"""A child's log: one JSON object a line on its standard error, which the sidecar logs again as its own."""

import json
import logging
import sys
import traceback

MAX_MESSAGE = 2_000
"""Characters of one message that are kept, so that a line stays within what the reader takes."""

_MAX_PLACES = 8


class JsonLines(logging.Formatter):
    """Writes `{level, logger, message}`; of an exception type and place, as its text may hold secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line without a line break."""
        message = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            message = f"{message} ({describe(record.exc_info[1])})"
        return json.dumps(
            {"level": record.levelno, "logger": record.name, "message": message[:MAX_MESSAGE]},
            ensure_ascii=True,
        )


def describe(error: BaseException) -> str:
    """Name an exception by type and place, never by its text: `ValueError at gate.py:120 < session.py:80`."""
    frames = traceback.extract_tb(error.__traceback__)[-_MAX_PLACES:]
    places = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames))
    text = f"{type(error).__name__} at {places}" if places else type(error).__name__
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return text if cause is None else f"{text}; from {type(cause).__name__}"


def configure(level: int) -> None:
    """Send every log of this process to its standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
