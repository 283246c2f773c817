"""Credentials that camera addresses hold outside their user part: `?password=…`, `/user=…_password=…`, `&token=…`."""

from collections import defaultdict
from collections.abc import Callable
import re

MASK = "***"

_NAMES = (
    r"passw(?:or)?d|passphrase|pass|pwd|psw|(?<![a-z0-9])pw|secret|token|api_?key|(?<![a-z0-9])key|credentials?"
    r"|auth(?:basic|orization)?|signature|(?<![a-z0-9])sig"
)
_IN_PATH = re.compile(rf"(?i)({_NAMES})=([^&;/#]+?)(?=_[a-z]+=|[&;/#]|$)")
_IN_QUERY = re.compile(rf"(?i)({_NAMES})=([^&;#]+)")


def masked(location: str) -> str:
    """Return a path with its query, `***` in the place of each secret."""
    return _replace(location, lambda _, __: MASK)


def secrets_of(location: str) -> list[str]:
    """Return each secret of a path with its query."""
    return [value for values in _values(location).values() for value in values]


def is_masked(location: str) -> bool:
    """Whether `***` stands for a secret."""
    return any(MASK in values for values in _values(location).values())


def unmasked(location: str, stored: str) -> str | None:
    """Put the secrets of a stored location in the masks' places, by name and order; None when it lacks one."""
    known = _values(stored)
    position: defaultdict[str, int] = defaultdict(int)
    lacking = False

    def fill(name: str, value: str) -> str:
        nonlocal lacking
        number = position[name]
        position[name] += 1
        if value != MASK:
            return value
        if number >= len(known[name]):
            lacking = True
            return value
        return known[name][number]

    filled = _replace(location, fill)
    return None if lacking else filled


def _values(location: str) -> defaultdict[str, list[str]]:
    values: defaultdict[str, list[str]] = defaultdict(list)

    def note(name: str, value: str) -> str:
        values[name].append(value)
        return value

    _replace(location, note)
    return values


def _replace(location: str, substitute: Callable[[str, str], str]) -> str:
    def put(match: re.Match[str]) -> str:
        return f"{match[1]}={substitute(match[1].lower(), match[2])}"

    path, mark, query = location.partition("?")
    return _IN_PATH.sub(put, path) + mark + _IN_QUERY.sub(put, query)
