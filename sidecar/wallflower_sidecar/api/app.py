"""The HTTP application: routes and what surrounds them, on a running service."""

from aiohttp import web

from ..service import Service
from .access import FAILURES
from .auth import Authenticator, FailureLimit
from .event_streams import EVENT_STREAMS, EventStreams
from .events import PACE, Pace
from .middleware import AUTHENTICATOR, OPEN_PATHS, credentials, problems, request_id, standing_headers
from .openapi import DESCRIPTION, describe
from .problems import to_json
from .reading import MAX_BODY_BYTES
from .routes import OPERATIONS, SERVICE, add_routes, open_paths


def create_app(service: Service, *, pace: Pace | None = None, failures: FailureLimit | None = None) -> web.Application:
    """Return the application; tests pass their own pace of event streams and limit of failed credentials."""
    failures = failures or FailureLimit()
    app = web.Application(middlewares=[request_id, problems, credentials], client_max_size=MAX_BODY_BYTES)
    app[SERVICE] = service
    app[FAILURES] = failures
    app[AUTHENTICATOR] = Authenticator(service.access, failures)
    app[EVENT_STREAMS] = EventStreams()
    app[OPEN_PATHS] = open_paths()
    app[PACE] = pace or Pace()
    app[DESCRIPTION] = to_json(describe(OPERATIONS))
    add_routes(app)
    app.on_response_prepare.append(standing_headers)
    app.on_shutdown.append(_end_event_streams)
    return app


async def _end_event_streams(app: web.Application) -> None:
    app[EVENT_STREAMS].end_all()
