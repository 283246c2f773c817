"""What surrounds every request: its id, the access log, credentials, and errors made into problem documents."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
import logging
import re
import time
import uuid

from aiohttp import web

from ..domain.errors import WallflowerError
from ..logs import request_marked
from ..service.access import Identity
from .auth import Authenticator
from .problems import ProblemError, bad_json, problem_of, problem_response

LOGGER = logging.getLogger(__name__)

AUTHENTICATOR = web.AppKey("authenticator", Authenticator)
OPEN_PATHS = web.AppKey("open_paths", frozenset[str])
REQUEST_ID = web.RequestKey("request_id", str)
IDENTITY = web.RequestKey("identity", Identity)

STANDING_HEADERS = {
    "Server": "wallflower",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PATH_LENGTH_IN_LOG = 200

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Take over or make the request's id, mark every log line with it, and write the access log's line."""
    given = request.headers.get("X-Request-ID", "")
    started = time.perf_counter()
    request[REQUEST_ID] = given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
    with request_marked(request[REQUEST_ID]):
        status: int | None = None
        try:
            response = await handler(request)
            status = response.status
            return response
        finally:
            LOGGER.info(
                "%s %s %s in %.0f ms",
                request.method[:16],
                request.rel_url.raw_path[:_PATH_LENGTH_IN_LOG],
                status or "ended",
                (time.perf_counter() - started) * 1000,
            )


async def standing_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put on every answer what all of them have."""
    response.headers.update({**STANDING_HEADERS, "X-Request-ID": request.get(REQUEST_ID) or str(uuid.uuid4())})


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error with a problem document; an unexpected one shows nothing and is logged with its cause."""
    try:
        return await handler(request)
    except ProblemError as error:
        return problem_response(error)
    except WallflowerError as error:
        return problem_response(problem_of(error))
    except web.HTTPException as error:
        return _router_answer(request, error)
    except RecursionError:
        return problem_response(bad_json("The JSON is nested too deeply."))
    except ConnectionError:
        raise
    except Exception:
        LOGGER.exception("A request failed unexpectedly")
        return problem_response(
            ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "Something unexpected happened; the log has the cause.")
        )


@web.middleware
async def credentials(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let nobody without a valid token past, whether the path exists or not, but on the open paths."""
    if request.rel_url.raw_path not in request.app[OPEN_PATHS]:
        request[IDENTITY] = await request.app[AUTHENTICATOR].identify(request)
    return await handler(request)


def problem_of_http(error: web.HTTPException) -> ProblemError:
    """Return the problem of an error that aiohttp raised."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        allow = ", ".join(sorted(error.allowed_methods))
        return ProblemError(HTTPStatus.METHOD_NOT_ALLOWED, f"This path takes {allow} only.", headers={"Allow": allow})
    if isinstance(error, web.HTTPNotFound):
        return ProblemError(HTTPStatus.NOT_FOUND, "There is nothing at this path.")
    status = HTTPStatus(error.status)
    return ProblemError(status, f"{status.description or status.phrase}.")


def _router_answer(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    if error.status < HTTPStatus.BAD_REQUEST:
        raise error
    problem = problem_of_http(error)
    if isinstance(error, web.HTTPMethodNotAllowed) and request.method == "OPTIONS":
        return web.Response(status=HTTPStatus.NO_CONTENT, headers=problem.headers)
    return problem_response(problem)
