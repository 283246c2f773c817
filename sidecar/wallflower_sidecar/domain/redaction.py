"""Takes the secrets of addresses out of a text that nobody wrote for people to see."""

import re

from .camera_secrets import MASK, masked

_CAMERA = re.compile(r"(?i)\b(rtsps?)://\S+")
_LOGIN = re.compile(r"://[^\s/@]*@")
_ADDRESS = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://\S+")


def without_secrets(text: str) -> str:
    """Hide cameras' addresses whole, of others user, password, and what path and query hold of such."""
    text = _CAMERA.sub(rf"\1://{MASK}", text)
    return _ADDRESS.sub(lambda match: masked(match[0]), _LOGIN.sub(f"://{MASK}@", text))
