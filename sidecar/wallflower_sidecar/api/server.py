"""The HTTP server: listens, answers even what is no HTTP with a problem document, and stops in time."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
import errno
from http import HTTPStatus
import logging
import socket
import ssl
from typing import Any, override
import uuid

from aiohttp import web

from .middleware import REQUEST_ID, STANDING_HEADERS, problem_of_http
from .problems import ProblemError, problem_response

LOGGER = logging.getLogger(__name__)

STOP_S = 2.0
"""How long open requests may take at a stop to end by themselves, and again as long to obey."""

MAX_LINE_BYTES = 64 * 1024
"""A search may be long: more than aiohttp's 8 KiB, as the contract calls no `q` an error."""

IDLE_S = 75.0


class _Protocol(web.RequestHandler):
    """aiohttp's connection, with its own errors in the contract's shape."""

    __slots__ = ()

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what could not be read as HTTP; aiohttp's own text and log line would quote it."""
        if status != HTTPStatus.BAD_REQUEST:
            return super().handle_error(request, status, exc, message)
        if request.writer.output_size > 0:
            raise ConnectionError("The answer has begun already")
        LOGGER.info("What came from %s is not HTTP: %s", request.remote, type(exc).__name__)
        code, detail = "bad_request", "The request is not valid HTTP."
        request_id = str(uuid.uuid4())
        response = problem_response(ProblemError(HTTPStatus(status), detail, code=code), request_id)
        response.headers.update({**STANDING_HEADERS, "X-Request-ID": request_id})
        response.force_close()
        return response

    @override
    def log_exception(self, *args: Any, **kw: Any) -> None:
        """A body that cannot be read is answered as such; aiohttp meets it again when it clears the connection."""
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **kw)


class _Server(web.Server):
    @override
    def __call__(self) -> web.RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    @override
    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            try:
                return await plain.request_handler(request)
            except web.HTTPException as error:  # before the middleware: an Expect header that nobody knows
                request[REQUEST_ID] = str(uuid.uuid4())
                return problem_response(problem_of_http(error), request[REQUEST_ID])

        return _Server(handle, request_factory=plain.request_factory, **self._kwargs)


def bind(host: str, port: int) -> list[socket.socket]:
    """Take the address without listening on it yet; port 0 lets the system choose. Raises OSError with a sentence."""
    bound: list[socket.socket] = []
    refused: OSError | None = None
    for family, kind, protocol, _, address in dict.fromkeys(
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    ):
        taken = socket.socket(family, kind, protocol)
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            taken.bind(address)
            bound.append(taken)
        except OSError as error:
            taken.close()
            # A name may stand for addresses of which this machine has only some.
            if error.errno != errno.EADDRNOTAVAIL or refused is None:
                refused = error
    if bound and (refused is None or refused.errno == errno.EADDRNOTAVAIL):
        return bound
    for taken in bound:
        taken.close()
    reason = refused.strerror if refused else "the name has no address"
    raise OSError(refused.errno if refused else errno.EADDRNOTAVAIL, f"Cannot listen on {host} port {port}: {reason}")


@asynccontextmanager
async def serving(
    app: web.Application, sockets: Sequence[socket.socket], tls: ssl.SSLContext | None = None
) -> AsyncGenerator[None]:
    """Serve on bound sockets within the block, and close them; raises OSError if it cannot listen."""
    runner = _Runner(
        app,
        access_log=None,
        shutdown_timeout=STOP_S,
        keepalive_timeout=IDLE_S,
        max_line_size=MAX_LINE_BYTES,
        lingering_time=STOP_S,
    )
    try:
        await runner.setup()
        for each in sockets:
            await web.SockSite(runner, each, ssl_context=tls).start()
        yield
    finally:
        await runner.cleanup()
        for each in sockets:
            each.close()
