"""Who answers here and how it is: the paths that need no token."""

from http import HTTPStatus

from aiohttp import web

from .. import __version__
from ..domain.clock import format_time
from ..domain.documents import health_document
from ..domain.health import HealthStatus
from ..service.health import speech_document
from .answers import Health, Info
from .fields import NoQuery
from .middleware import AUTHENTICATOR
from .operations import Call, Operation, Outcome, Who, json_answer, no_content

API_VERSION = 1


async def get_info(call: Call[None, NoQuery]) -> web.Response:
    """Say who answers."""
    return json_answer(
        {
            "name": "wallflower",
            "version": __version__,
            "api_version": API_VERSION,
            "server_id": call.service.server_id,
            "started_at": format_time(call.service.started_at),
        }
    )


async def get_health(call: Call[None, NoQuery]) -> web.Response:
    """Say how each part is; the details only to those with a token."""
    identity = await call.request.app[AUTHENTICATOR].identify_if_given(call.request)
    document = health_document(call.service.health(), private=identity is not None)
    if identity is not None:
        document |= speech_document(call.service.transcriber(), call.service.models.unfinished())
    failed = document["status"] == HealthStatus.FAILED
    return json_answer(document, HTTPStatus.SERVICE_UNAVAILABLE if failed else HTTPStatus.OK)


async def get_live(call: Call[None, NoQuery]) -> web.Response:  # noqa: ARG001 - every handler has it
    """Answer, which the event loop can only while it turns."""
    return no_content()


OPERATIONS = (
    Operation(
        "GET",
        "/info",
        "Who answers here",
        get_info,
        Who.EVERYBODY,
        (Outcome(HTTPStatus.OK, "Name, versions and the server's id", Info),),
    ),
    Operation(
        "GET",
        "/health",
        "How each part is; details, and how far the recogniser and downloads of models are, only with a token",
        get_health,
        Who.EVERYBODY,
        (
            Outcome(HTTPStatus.OK, "All is well, or works with a fault", Health),
            Outcome(HTTPStatus.SERVICE_UNAVAILABLE, "The sidecar cannot do its job", Health),
        ),
        problems=(HTTPStatus.TOO_MANY_REQUESTS,),
    ),
    Operation(
        "GET",
        "/health/live",
        "Whether the event loop turns",
        get_live,
        Who.EVERYBODY,
        (Outcome(HTTPStatus.NO_CONTENT, "It does"),),
    ),
)
