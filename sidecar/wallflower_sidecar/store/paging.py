"""Pages of a list, and the opaque cursors between them."""

import base64
import binascii
from dataclasses import dataclass
import json
from typing import Any
import uuid

from ..domain.errors import FieldError

MAX_CURSOR = 2048
_MAX_INTEGER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page[T]:
    """Some items of a list; `next` brings the following ones, None at the end."""

    items: tuple[T, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class After:
    """In a list by time: what comes after this start (ms) and id."""

    start: int
    id: str

    def encode(self) -> str:
        """As a cursor."""
        return _encode(["t", self.start, self.id])


@dataclass(frozen=True, slots=True)
class Shown:
    """In a list by rank: rows up to `ceiling` take part; bit n of `taken` says that match n from the newest was shown.

    Ranks move while new text arrives, so a position among them would repeat and skip; what was shown stays shown.
    """

    ceiling: int
    taken: int

    def encode(self) -> str:
        """As a cursor."""
        return _encode(["r", self.ceiling, f"{self.taken:x}"])


def decode_cursor(cursor: str) -> After | Shown:
    """Read a cursor; raises FieldError("cursor") for what is none, or is written otherwise than it was answered."""
    try:
        decoded = _read(_decode(cursor))
        if decoded is not None and decoded.encode() == cursor:
            return decoded
    except ValueError, RecursionError:
        pass  # the same answer as for a cursor of another shape
    raise FieldError("cursor", "This is no cursor of this list. Leave it out to begin with the first page.")


def _read(parts: Any) -> After | Shown | None:
    match parts:
        case [_, bool(), _]:  # a kind of int in Python, and none in a database
            return None
        case ["t", int(start), str(text)] if abs(start) <= _MAX_INTEGER:
            return After(start, str(uuid.UUID(text)))
        case ["r", int(ceiling), str(taken)] if 0 <= ceiling <= _MAX_INTEGER and not taken.startswith("-"):
            return Shown(ceiling, int(taken, 16))
    return None


def decode_after(cursor: str | None) -> After | None:
    """Read the cursor of a list by time, None without one; raises FieldError("cursor")."""
    decoded = None if cursor is None else decode_cursor(cursor)
    if isinstance(decoded, Shown):
        raise FieldError("cursor", "This cursor belongs to a search with words.")
    return decoded


def _encode(parts: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def _decode(cursor: str) -> Any:
    if len(cursor) > MAX_CURSOR or not cursor.isascii():
        raise ValueError(cursor[:1])
    try:
        return json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except binascii.Error as error:
        raise ValueError(str(error)) from None
