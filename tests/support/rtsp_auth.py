"""Who may look: Digest and Basic authentication as cameras do it (RFC 2617 without qop)."""

import base64
import binascii
from dataclasses import dataclass, field
import hashlib
import re
import secrets
from typing import Literal

from .rtsp_messages import RtspRequest

type Scheme = Literal["digest", "basic"]

REALM = "camera"


@dataclass(frozen=True, slots=True)
class Guard:
    """One connection's check of user and password."""

    user: str
    password: str
    scheme: Scheme
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def challenge(self) -> str:
        """The WWW-Authenticate header that asks for credentials."""
        if self.scheme == "basic":
            return f'Basic realm="{REALM}"'
        return f'Digest realm="{REALM}", nonce="{self.nonce}"'

    def admits(self, request: RtspRequest) -> bool:
        """Say whether the request carries the right credentials in the scheme asked for."""
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != self.scheme:
            return False
        if self.scheme == "basic":
            return self._basic(credentials)
        return self._digest(request.method, credentials)

    def _basic(self, credentials: str) -> bool:
        try:
            return base64.b64decode(credentials).decode() == f"{self.user}:{self.password}"
        except binascii.Error, UnicodeDecodeError:
            return False

    def _digest(self, method: str, credentials: str) -> bool:
        given = dict(re.findall(r'(\w+)="([^"]*)"', credentials))
        secret = _md5(f"{self.user}:{REALM}:{self.password}")
        expected = _md5(f"{secret}:{self.nonce}:{_md5(f'{method}:{given.get("uri", "")}')}")
        wanted = {"username": self.user, "nonce": self.nonce, "response": expected}
        return wanted.items() <= given.items()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
