"""What is found out about a sidecar before it is joined: who answers, and which token it takes."""

from collections.abc import Mapping
import re
from typing import Any

from homeassistant.const import CONF_CODE, CONF_HOST, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .certificate import VERIFY
from .client import WallflowerClient
from .exceptions import (
    ApiVersionError,
    AuthenticationError,
    CertificateError,
    ForbiddenError,
    FormError,
    RateLimitedError,
    WallflowerConnectionError,
    WallflowerError,
    WallflowerTimeoutError,
)
from .models import ServerInfo
from .server_address import normalise

CODE = re.compile(r"[0-9]{6}")


class Candidate:
    """A sidecar at an address; every method raises FormError, or CertificateError for one to ask about."""

    def __init__(self, hass: HomeAssistant, url: str, certificate: str = VERIFY) -> None:
        """Ask at `url`, which may show such a certificate."""
        self.url = url
        self.certificate = certificate
        self._session = async_get_clientsession(hass)

    async def info(self) -> ServerInfo:
        """Return who answers."""
        try:
            return await self._client().info()
        except WallflowerError as error:
            raise _fault(error) from error

    async def token(self, answers: Mapping[str, Any], known: str | None = None) -> str:
        """Return a token that works; a given one goes before a code, a code before the known one."""
        code = re.sub(r"[\s-]", "", answers.get(CONF_CODE, ""))
        token: str = answers.get(CONF_TOKEN, "").strip()
        if token:
            return await self._checked(token, CONF_TOKEN, "wrong_token")
        if code:
            return await self._paired(code)
        if known is not None:
            return await self._checked(known, CONF_CODE, "known_token_refused")
        raise FormError(CONF_CODE, "code_or_token")

    async def _paired(self, code: str) -> str:
        if not CODE.fullmatch(code):
            raise FormError(CONF_CODE, "invalid_code")
        try:
            return await self._client().pair(code)
        except WallflowerError as error:
            raise _fault(error, CONF_CODE, "wrong_code") from error

    async def _checked(self, token: str, field: str, refused: str) -> str:
        try:
            await self._client(token).check_access()
        except WallflowerError as error:
            raise _fault(error, field, refused) from error
        return token

    def _client(self, token: str | None = None) -> WallflowerClient:
        return WallflowerClient(self._session, self.url, token, self.certificate)


def address(text: str) -> str:
    """Return the base URL that a person means; raises FormError."""
    try:
        return normalise(text)
    except ValueError as error:
        raise FormError(CONF_HOST, "invalid_address") from error


def _fault(error: WallflowerError, field: str = CONF_HOST, refused: str = "not_wallflower") -> Exception:
    """Say where in the form an error belongs; `refused` is the key for credentials that are not valid."""
    match error:
        case CertificateError():
            return error
        case WallflowerTimeoutError():
            place, key = CONF_HOST, "timeout"
        case WallflowerConnectionError():
            place, key = CONF_HOST, "cannot_connect"
        case ApiVersionError():
            place, key = CONF_HOST, "api_too_old" if error.sidecar_is_older else "api_too_new"
        case RateLimitedError():
            place, key = field, "rate_limited"
        case AuthenticationError():
            place, key = field, refused
        case ForbiddenError():
            place, key = field, "token_may_only_read"
        case _:
            place, key = CONF_HOST, "not_wallflower"
    return FormError(place, key)
