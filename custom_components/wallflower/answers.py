"""What comes back over HTTP: read with a bound, parsed, or raised as the error it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
import json
from typing import Any

import aiohttp

from .exceptions import (
    AuthenticationError,
    CertificateError,
    FieldFault,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    RequestRefusedError,
    WallflowerConnectionError,
    WallflowerProtocolError,
    WallflowerTimeoutError,
)

MAX_ANSWER_BYTES = 2**24

_REFUSALS: dict[int, type[RequestRefusedError]] = {
    HTTPStatus.UNAUTHORIZED: AuthenticationError,
    HTTPStatus.FORBIDDEN: ForbiddenError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.TOO_MANY_REQUESTS: RateLimitedError,
}


@contextmanager
def connection_errors() -> Iterator[None]:
    """Raise what goes wrong on the way as our own errors, without the address in their text."""
    try:
        yield
    except TimeoutError:
        raise WallflowerTimeoutError("The sidecar did not answer in time") from None
    except aiohttp.ServerFingerprintMismatch as error:
        raise CertificateError("Not the certificate that was accepted") from error
    except aiohttp.ClientConnectorCertificateError as error:
        reason = getattr(error.certificate_error, "verify_message", "")
        raise CertificateError(reason or "The certificate cannot be verified") from error
    except (aiohttp.ClientError, OSError, UnicodeError) as error:
        raise WallflowerConnectionError(_broken(error)) from error


def _broken(error: Exception) -> str:
    """Say for a person why there is no connection."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "The sidecar's host name is not known"
        case aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
            return "Nothing listens at the sidecar's address"
        case aiohttp.ClientConnectorError():
            return "No way leads to the sidecar"
        case _:
            return "The connection to the sidecar broke"


async def read(response: aiohttp.ClientResponse) -> bytes:
    """Return an answer's body; raises WallflowerProtocolError beyond MAX_ANSWER_BYTES."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise WallflowerProtocolError("The answer is too long")
    return bytes(body)


def json_object(body: bytes | str) -> dict[str, Any]:
    """Return the JSON object in an answer; raises WallflowerProtocolError if it is something else."""
    try:
        document = json.loads(body)
    except ValueError, RecursionError:
        raise WallflowerProtocolError("The answer is not JSON") from None
    if not isinstance(document, dict):
        raise WallflowerProtocolError("The answer is not a JSON object")
    return document


def parse[T](from_document: Callable[[dict[str, Any]], T], document: dict[str, Any]) -> T:
    """Return the object in a document; raises WallflowerProtocolError if it does not keep to the contract."""
    try:
        return from_document(document)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise WallflowerProtocolError(f"The answer is not as agreed: {type(error).__name__}") from None


def items(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a list's answer holds."""
    return list(document["items"])


def refusal(status: int, body: bytes) -> RequestRefusedError:
    """Return the error that an answer means; one that is no problem document has the code `http`."""
    kind = _REFUSALS.get(status, RequestRefusedError)
    try:
        document = json_object(body)
        faults = tuple(FieldFault(str(fault["path"]), str(fault["message"])) for fault in document.get("errors", ()))
        return kind(status, str(document["code"]), str(document.get("detail", "")), faults)
    except WallflowerProtocolError, KeyError, TypeError:
        return kind(status, "http")
