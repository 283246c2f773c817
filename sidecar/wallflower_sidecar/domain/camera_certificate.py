"""Which certificate a camera with an rtsps address may show."""

import re

from .errors import FieldError

ANY = "any"
"""Encrypted, not checked: most cameras sign their certificates themselves."""

VERIFY = "verify"
"""Signed for the host in the address by an authority that this machine trusts, and not expired."""

FINGERPRINT = "sha256:"
"""Followed by 64 hexadecimal digits: this certificate and no other."""

_FINGERPRINT = re.compile(r"sha256:(?:[0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31})")


def parse_certificate(text: str, path: str = "certificate") -> str:
    """Return the choice in its plain form (lower case, no colons between bytes); raises FieldError."""
    choice = text.lower()
    if choice in {ANY, VERIFY}:
        return choice
    if not _FINGERPRINT.fullmatch(choice):
        raise FieldError(path, "Give any, verify, or sha256: with the 64 hexadecimal digits of a fingerprint.")
    return FINGERPRINT + choice.removeprefix(FINGERPRINT).replace(":", "")
