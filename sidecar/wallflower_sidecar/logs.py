"""Logging: text or JSON lines on stderr, each with the request it belongs to and none with a secret."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
import json
import logging
import re
import sys
from typing import Any, Literal, TextIO, override

from .domain.camera_secrets import MASK
from .domain.clock import format_time
from .domain.redaction import without_secrets

ROOT = "wallflower_sidecar"
"""The one logger that follows LOG_LEVEL; others speak from WARNING on: their DEBUG shows SQL parameters and URLs."""

_SECRETS = (
    (re.compile(r"(?i)\b(bearer)\s+[^\s'\"]+"), rf"\1 {MASK}"),
    # SQLite quotes the part of a search that it could not read.
    (re.compile(r'\bnear ".*'), f"near {MASK}"),
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(slots=True)
class _Mark:
    """A request's id for as long as it is being answered; tasks that outlive the request lose it."""

    request_id: str | None


_REQUEST: ContextVar[_Mark | None] = ContextVar("wallflower_request", default=None)


@contextmanager
def request_marked(request_id: str) -> Iterator[None]:
    """Put the id on every line logged within, in this task and in those it starts, until the request ends."""
    mark = _Mark(request_id)
    token = _REQUEST.set(mark)
    try:
        yield
    finally:
        mark.request_id = None
        _REQUEST.reset(token)


def current_request_id() -> str | None:
    """The id of the request being answered in this task."""
    mark = _REQUEST.get()
    return mark.request_id if mark else None


def configure_logging(
    level: str = "info", style: Literal["text", "json"] = "text", output: TextIO | None = None
) -> None:
    """Send every log line to `output` (default stderr): `level` for Wallflower itself, warnings for all others."""
    handler = logging.StreamHandler(output or sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    _quieten_libraries()
    set_level(level)
    server = logging.getLogger("aiohttp.server")
    if not any(isinstance(known, _WithoutRequestLine) for known in server.filters):
        server.addFilter(_WithoutRequestLine())
    logging.captureWarnings(capture=True)


def set_level(level: str) -> None:
    """Let Wallflower itself speak from `level` on."""
    logging.getLogger(ROOT).setLevel(level.upper())


def _quieten_libraries() -> None:
    """Take back the levels that libraries gave their own loggers: SQLAlchemy's INFO is every statement."""
    for name, known in logging.root.manager.loggerDict.items():
        if isinstance(known, logging.Logger) and not name.startswith(ROOT) and known.level < logging.WARNING:
            known.setLevel(logging.NOTSET)


class TextFormatter(logging.Formatter):
    """`2026-11-22T07:20:42.125Z INFO    api.middleware [request id] message`, causes on the lines below."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        request = current_request_id()
        mark = f" [{request}]" if request else ""
        line = f"{_time(record)} {record.levelname:<7} {_short(record.name)}{mark} {_message(record)}"
        cause = _cause(self, record)
        return f"{line}\n{cause}" if cause else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and request_id and error where there are any."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": _short(record.name),
            "message": _message(record),
        }
        if request := current_request_id():
            line["request_id"] = request
        if cause := _cause(self, record):
            line["error"] = cause
        return json.dumps(line, ensure_ascii=True)


class _WithoutRequestLine(logging.Filter):
    """aiohttp's parser quotes the line it could not read, query string and all: keep only the kind of fault."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        cause = record.exc_info[0] if record.exc_info else None
        if cause is not None and cause.__module__ == "aiohttp.http_exceptions":
            record.msg, record.args = f"A request could not be read: {cause.__name__}", ()
            record.exc_info, record.levelno, record.levelname = None, logging.WARNING, "WARNING"
        return True


def _time(record: logging.LogRecord) -> str:
    return format_time(datetime.fromtimestamp(record.created, UTC))


def _short(name: str) -> str:
    return name.removeprefix(f"{ROOT}.")


def _message(record: logging.LogRecord) -> str:
    return _CONTROL.sub(" ", _redacted(record.getMessage()))


def _cause(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    if not record.exc_info:
        return ""
    for error in _chain(record.exc_info[1]):
        if hasattr(error, "hide_parameters"):  # SQLAlchemy's, which shows what was written to the database
            error.hide_parameters = True
    return _redacted(formatter.formatException(record.exc_info))


def _chain(error: BaseException | None) -> Iterator[Any]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions


def _redacted(text: str) -> str:
    text = without_secrets(text)
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text
