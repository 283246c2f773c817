"""Who asks: Bearer tokens, and a limit on wrong ones per address that never touches a valid one."""

from http import HTTPStatus
import ipaddress
import math
import re
import time

from aiohttp import web
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ..service.access import Access, Identity
from .problems import ProblemError

WRONG_PER_MINUTE = 30
_BEARER = re.compile(r"bearer +([\x21-\x7e]{1,512})", re.IGNORECASE)


class FailureLimit:
    """Counts failed credentials in a moving window of a minute, per IPv4 address or IPv6 /64 network."""

    def __init__(self, per_minute: int = WRONG_PER_MINUTE) -> None:
        """Allow `per_minute` failures."""
        self._limit = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, request: web.Request) -> None:
        """Raise the 429 problem while the address has no failure left."""
        key = _network(request.remote)
        if not self._limiter.test(self._limit, key):
            raise self._problem(key)

    def count(self, request: web.Request) -> None:
        """Count one failure; raises the 429 problem once there were too many."""
        key = _network(request.remote)
        if not self._limiter.hit(self._limit, key):
            raise self._problem(key)

    def _problem(self, key: str) -> ProblemError:
        free_at = self._limiter.get_window_stats(self._limit, key).reset_time
        wait_s = max(1, math.ceil(free_at - time.time()))
        return ProblemError(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"Too many wrong credentials came from this address. Try again in {wait_s} s.",
            headers={"Retry-After": str(wait_s)},
        )


class Authenticator:
    """Finds out whose token a request carries."""

    def __init__(self, access: Access, failures: FailureLimit) -> None:
        """Ask `access`, count wrong tokens in `failures`."""
        self._access = access
        self._failures = failures

    async def identify(self, request: web.Request) -> Identity:
        """Return who asks; raises the problem 401, or 429 for one wrong token too many."""
        if not request.headers.getall("Authorization", []):
            raise unauthorized("A token is needed: Authorization: Bearer TOKEN.")
        identity = await self._known(request)
        if identity is None:
            self._failures.count(request)
            raise unauthorized("The token is not valid.", error="invalid_token")
        return identity

    async def identify_if_given(self, request: web.Request) -> Identity | None:
        """Return who asks, None without a valid token; a wrong one counts all the same."""
        if not request.headers.getall("Authorization", []):
            return None
        identity = await self._known(request)
        if identity is None:
            self._failures.count(request)
        return identity

    async def _known(self, request: web.Request) -> Identity | None:
        given = request.headers.getall("Authorization", [])
        match = _BEARER.fullmatch(given[0].strip())
        return await self._access.identify(match[1]) if match and len(given) == 1 else None


def unauthorized(detail: str, error: str | None = None) -> ProblemError:
    """Return the problem 401 with its challenge (RFC 6750)."""
    challenge = 'Bearer realm="wallflower"' + (f', error="{error}"' if error else "")
    return ProblemError(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})


def _network(address: str | None) -> str:
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
