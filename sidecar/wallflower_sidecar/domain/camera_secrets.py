"""Credentials that camera addresses hold outside their user part: `?password=…`, `/user=…_password=…`, `/5nPr7RC…`."""

from collections import defaultdict
from collections.abc import Callable
import re

from .random_text import looks_random

MASK = "***"

_ALONE = r"(?<![a-z0-9])"
_NAMES = (
    r"passw(?:or)?d|passwort|passphrase|pass|pwd|pswd?|psw|pword|kennwort|secret|token|jwt|credentials?|creds?"
    r"|auth(?:basic|entication|orization)?|signature|session(?:_?id)?|loginpas|pin_?code"
    r"|(?:api|auth|stream|secret|access|private|public|shared|user|app|client|device|enc(?:ryption)?)[_-]?key"
    r"|(?:pass|auth|access|security|verify|verification)[_-]?code"
    rf"|{_ALONE}(?:pw|pas|key|sig|sign|pin|otp|sid|hash|digest|bearer|ticket)"
)
_IN_PATH = re.compile(rf"(?i)({_NAMES})=(.+?)(?=_[a-z]+=|$)")
_IN_QUERY = re.compile(rf"(?i)({_NAMES})=(.+)")
_PATH_PARTS = re.compile(r"([&;/#])")
_QUERY_PARTS = re.compile(r"([&;#])")

type Substitute = Callable[[str, str], str]
"""Given a secret and what it is called (empty where it has no name), what stands in its place."""


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


def _replace(location: str, substitute: Substitute) -> str:
    path, mark, query = location.partition("?")
    return (
        _replace_in(path, _PATH_PARTS, _IN_PATH, substitute)
        + mark
        + _replace_in(query, _QUERY_PARTS, _IN_QUERY, substitute)
    )


def _replace_in(text: str, parts: re.Pattern[str], named: re.Pattern[str], substitute: Substitute) -> str:
    def put(match: re.Match[str]) -> str:
        return f"{match[1]}={substitute(match[1].lower(), match[2])}"

    def replace_part(part: str) -> str:
        if named.search(part):
            return named.sub(put, part)
        name, equals, value = part.rpartition("=") if part.rstrip("=").count("=") else ("", "", part)
        return f"{name}{equals}{substitute(name.lower(), value)}" if value == MASK or looks_random(value) else part

    # Every other piece is what separates two parts.
    pieces = parts.split(text)
    return "".join(piece if number % 2 else replace_part(piece) for number, piece in enumerate(pieces))
