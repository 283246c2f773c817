"""Problem documents (RFC 9457): everything that is refused or goes wrong, in one shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
import json
from typing import Any

from aiohttp import web

from ..domain.errors import (
    CaptureCode,
    CaptureError,
    ConflictError,
    FieldError,
    NotFoundError,
    UnavailableError,
    WallflowerError,
)
from ..logs import current_request_id

MEDIA_TYPE = "application/problem+json"

CODES = {
    HTTPStatus.BAD_REQUEST: "bad_json",
    HTTPStatus.UNAUTHORIZED: "unauthorized",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.CONFLICT: "conflict",
    HTTPStatus.PRECONDITION_FAILED: "precondition_failed",
    HTTPStatus.CONTENT_TOO_LARGE: "too_large",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "range_not_satisfiable",
    HTTPStatus.UNPROCESSABLE_CONTENT: "invalid",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limited",
    HTTPStatus.INTERNAL_SERVER_ERROR: "internal",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}
"""The code of each status; a status that is not here is named by its own phrase."""

_CAPTURE_STATUS = {
    CaptureCode.CONNECT_TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
    CaptureCode.STALLED: HTTPStatus.GATEWAY_TIMEOUT,
    CaptureCode.WORKER_DIED: HTTPStatus.SERVICE_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in the input: `path` is `keywords[0].phrases`, a parameter's name, or `body` for the whole."""

    path: str
    message: str


class ProblemError(Exception):
    """An answer that is a problem document."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        code: str | None = None,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Take the status's own code unless another is given."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code or code_of(status)
        self.faults = tuple(faults)
        self.headers = dict(headers or {})


def code_of(status: int) -> str:
    """Return the contract's code of a status."""
    known = HTTPStatus(status)
    return CODES.get(known) or known.phrase.lower().replace(" ", "_").replace("-", "_")


def bad_json(detail: str) -> ProblemError:
    """Return the problem of a body that is not JSON."""
    return ProblemError(HTTPStatus.BAD_REQUEST, detail)


def invalid(faults: Sequence[Fault]) -> ProblemError:
    """Return the problem that names every fault of the input."""
    detail = " ".join(f"{fault.path}: {fault.message}" for fault in faults[:3])
    more = len(faults) - 3
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_CONTENT, f"{detail} And {more} more." if more > 0 else detail, faults=faults
    )


def problem_of(error: WallflowerError) -> ProblemError:
    """Return the problem of an error that a part of the service raised for its caller."""
    match error:
        case FieldError():
            return invalid([Fault(error.path, str(error))])
        case NotFoundError():
            return ProblemError(HTTPStatus.NOT_FOUND, str(error))
        case ConflictError():
            return ProblemError(HTTPStatus.CONFLICT, str(error))
        case CaptureError():
            status = _CAPTURE_STATUS.get(error.code, HTTPStatus.BAD_GATEWAY)
            return ProblemError(status, str(error), code=error.code.value)
        case UnavailableError():
            return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error))


def problem_response(problem: ProblemError, request_id: str | None = None) -> web.Response:
    """Write a problem as an answer."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": int(problem.status),
        "code": problem.code,
        "detail": problem.detail,
        "request_id": request_id or current_request_id() or "",
    }
    if problem.status == HTTPStatus.UNPROCESSABLE_CONTENT:
        document["errors"] = [{"path": fault.path, "message": fault.message} for fault in problem.faults]
    return web.Response(
        status=problem.status,
        reason=problem.status.phrase,
        headers={**problem.headers, "Content-Type": MEDIA_TYPE},
        body=to_json(document),
    )


def to_json(document: object) -> bytes:
    """Write JSON in UTF-8; a half character (a lone surrogate that an error repeats) becomes `?`."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")
