"""The table of all operations, from which the router and openapi.json are made."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from ..service import Service
from ..service.access import Identity
from . import (
    access,
    cameras,
    config,
    events,
    exports,
    keywords,
    live,
    models,
    openapi,
    recordings,
    server_info,
    speech,
    streams,
    transcripts,
)
from .middleware import IDENTITY
from .operations import BASE_PATH, Call, Operation, Who
from .problems import Fault, ProblemError, invalid
from .reading import faults_of, read_body, read_query

OPERATIONS: tuple[Operation, ...] = (
    *server_info.OPERATIONS,
    *access.OPERATIONS,
    *streams.OPERATIONS,
    *cameras.OPERATIONS,
    *live.OPERATIONS,
    *transcripts.OPERATIONS,
    *exports.OPERATIONS,
    *keywords.OPERATIONS,
    *recordings.OPERATIONS,
    *speech.OPERATIONS,
    *models.OPERATIONS,
    *events.OPERATIONS,
    *config.OPERATIONS,
    *openapi.OPERATIONS,
)

OPEN_LATER = ("/auth/login",)
"""Paths of the contract that will need no token; until they exist they are not found, not refused."""

SERVICE = web.AppKey("service", Service)


def open_paths() -> frozenset[str]:
    """The whole paths that need no token."""
    paths = (operation.path for operation in OPERATIONS if operation.who is Who.EVERYBODY)
    return frozenset(BASE_PATH + path for path in (*paths, *OPEN_LATER))


def add_routes(app: web.Application) -> None:
    """Put every operation into the router; what answers to GET answers to HEAD, but for the endless event stream."""
    for operation in OPERATIONS:
        handler = _checked(operation)
        # An id with braces in it is malformed like any other; aiohttp's own pattern would not find the path.
        path = BASE_PATH + operation.path.replace("{id}", "{id:[^/]+}")
        expected = _invited_later if operation.upload else None
        app.router.add_route(operation.method, path, handler, expect_handler=expected)
        if operation.method == "GET" and operation.handler is not events.stream_events:
            app.router.add_route("HEAD", path, handler)


async def _invited_later(request: web.Request) -> None:
    """What is refused is refused before the body is on its way: the handler itself answers the `Expect`."""
    if request.version >= (1, 1) and request.headers["Expect"].lower() != "100-continue":
        raise web.HTTPExpectationFailed


def _checked(operation: Operation) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    id_type: TypeAdapter[Any] | None = TypeAdapter(operation.id_type) if operation.id_type else None

    async def handle(request: web.Request) -> web.StreamResponse:
        identity = request.get(IDENTITY)
        _require_role(operation, identity)
        faults: list[Fault] = []
        if id_type:
            faults += _id_faults(id_type, request.match_info["id"])
        query = body = None
        try:
            query = read_query(request, operation.query)
        except ProblemError as problem:
            faults += problem.faults
        try:
            body = await read_body(request, operation.body) if operation.body else None
        except ProblemError as problem:
            if problem.status != HTTPStatus.UNPROCESSABLE_CONTENT:
                raise
            faults += problem.faults
        if faults:
            raise invalid(faults)
        return await operation.handler(Call(request, request.app[SERVICE], identity, body, query))

    return handle


def _require_role(operation: Operation, identity: Identity | None) -> None:
    if operation.who is Who.EVERYBODY:
        return
    if identity is None or identity.role not in operation.who.value:
        roles = ", ".join(sorted(role.value for role in operation.who.value))
        raise ProblemError(HTTPStatus.FORBIDDEN, f"The token's role may not do this; it needs one of: {roles}.")


def _id_faults(id_type: TypeAdapter[Any], value: str) -> list[Fault]:
    try:
        id_type.validate_python(value)
    except ValidationError as error:
        return [Fault("id", fault.message) for fault in faults_of(error, "parameter")]
    return []
