"""Which certificate a sidecar with an https address may show."""

import asyncio
import hashlib
import ssl
from typing import Final

import aiohttp
from homeassistant.util.ssl import get_default_no_verify_context
from yarl import URL

from .answers import connection_errors

VERIFY: Final = "verify"
"""Signed for the address's host by an authority that this machine trusts, and not expired."""

ANY: Final = "any"
"""Encrypted, not checked."""

FINGERPRINT: Final = "sha256:"
"""Followed by 64 hexadecimal digits: this certificate and no other."""

LOOK_TIMEOUT_S = 10.0


def tls_check(choice: str) -> bool | aiohttp.Fingerprint:
    """Return what aiohttp takes as `ssl`; none of them reads a file."""
    if choice.startswith(FINGERPRINT):
        return aiohttp.Fingerprint(bytes.fromhex(choice.removeprefix(FINGERPRINT)))
    return choice != ANY


async def presented(url: str) -> str:
    """Return the choice that accepts nothing but the certificate shown at `url` now; raises WallflowerError."""
    address = URL(url)
    with connection_errors():
        async with asyncio.timeout(LOOK_TIMEOUT_S):
            _, writer = await asyncio.open_connection(
                address.host, address.port, ssl=get_default_no_verify_context(), ssl_shutdown_timeout=1.0
            )
        try:
            shown: ssl.SSLObject = writer.get_extra_info("ssl_object")
            return FINGERPRINT + hashlib.sha256(shown.getpeercert(binary_form=True) or b"").hexdigest()
        finally:
            writer.close()


def readable(choice: str) -> str:
    """Write a fingerprint in pairs, as other programs show it."""
    digits = choice.removeprefix(FINGERPRINT).upper()
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
