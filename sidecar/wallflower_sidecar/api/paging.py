"""Lists, a page at a time: a cursor is the key of the last item given, so it stays right while items come and go."""

import base64
from collections.abc import Callable, Sequence
from typing import Any

from ..domain.errors import FieldError


def page[T](
    name: str,
    items: Sequence[T],
    *,
    key: Callable[[T], str],
    follows: Callable[[str, str], bool],
    limit: int,
    cursor: str | None,
    document: Callable[[T], dict[str, Any]],
) -> dict[str, Any]:
    """Return `{items, next}` of the list `name`, ordered by `key`; `follows(a, b)` says whether key a comes after b.

    Raises FieldError for a cursor that is none of ours.
    """
    if cursor is not None:
        last = _decode(name, cursor)
        items = [item for item in items if follows(key(item), last)]
    more = len(items) > limit
    given = items[:limit]
    return {
        "items": [document(item) for item in given],
        "next": _encode(name, key(given[-1])) if more else None,
    }


def _encode(name: str, key: str) -> str:
    return base64.urlsafe_b64encode(f"{name}:{key}".encode()).decode().rstrip("=")


def _decode(name: str, cursor: str) -> str:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        text = ""
    if not text.startswith(f"{name}:"):
        raise FieldError("cursor", "This is not a cursor that this list answered.")
    return text.removeprefix(f"{name}:")
