"""An operation: one method on one path, with all that the router and openapi.json need to know of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Any

from aiohttp import web

from ..domain.access import Role
from ..service import Service
from ..service.access import Identity
from .fields import Body, NoQuery, Query
from .problems import to_json

BASE_PATH = "/api/v1"
JSON = "application/json"


class Who(Enum):
    """Who may: everybody without a token, or the holders of these roles."""

    EVERYBODY = frozenset[Role]()
    READERS = frozenset({Role.ADMIN, Role.CLIENT, Role.VIEWER})
    CLIENTS = frozenset({Role.ADMIN, Role.CLIENT})
    ADMINS = frozenset({Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Call[B, Q]:
    """A request that was let in and checked; `identity` is None on paths that are open to everybody."""

    request: web.Request
    service: Service
    identity: Identity | None
    body: B
    query: Q

    @property
    def id(self) -> str:
        """The `{id}` in the path, checked."""
        return self.request.match_info["id"]


type Handler = Callable[[Call[Any, Any]], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way in which an operation ends well; `document` is the type of its JSON, None for other media or no body.

    `other_media` are what the same answer may come as instead of JSON, where the request chooses.
    """

    status: HTTPStatus
    description: str
    document: Any = None
    media_type: str | None = None
    other_media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be asked for; `problems` are the refusals that do not follow from the other fields.

    `upload` are the media types of a body that the handler reads by itself, once it has invited it.
    """

    method: str
    path: str
    summary: str
    handler: Handler
    who: Who
    outcomes: tuple[Outcome, ...]
    problems: tuple[HTTPStatus, ...] = ()
    id_type: Any = None
    body: type[Body] | None = None
    query: type[Query] = NoQuery
    headers: tuple[tuple[str, str], ...] = ()
    upload: tuple[str, ...] = ()


def json_answer(document: object, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """Answer a JSON document."""
    return web.Response(status=status, body=to_json(document), content_type=JSON)


def no_content() -> web.Response:
    """Answer that it is done and there is nothing to say."""
    return web.Response(status=HTTPStatus.NO_CONTENT)
