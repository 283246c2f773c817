"""Streams: the cameras as configured."""

from http import HTTPStatus
import operator
from typing import Any

from aiohttp import web

from ..domain.documents import stream_document
from ..domain.streams import Stream
from ..service import Service
from .answers import Page
from .fields import NoQuery, StreamId
from .operations import Call, Operation, Outcome, Who, json_answer, no_content
from .paging import page
from .schemas import DeleteStreamQuery, PageQuery
from .stream_answers import StreamObject
from .stream_schemas import StreamBody, StreamPatch


async def list_streams(call: Call[None, PageQuery]) -> web.Response:
    """List the streams in order of their ids."""
    return json_answer(
        page(
            "streams",
            call.service.streams.all(),
            key=lambda stream: stream.id,
            follows=operator.gt,
            limit=call.query.limit,
            cursor=call.query.cursor,
            document=lambda stream: _document(call.service, stream),
        )
    )


async def get_stream(call: Call[None, NoQuery]) -> web.Response:
    """Show one stream."""
    return json_answer(_document(call.service, call.service.streams.get(call.id)))


async def put_stream(call: Call[StreamBody, NoQuery]) -> web.Response:
    """Make or replace a stream; what the body leaves out has its default afterwards."""
    created = await call.service.streams.put(call.body.to_stream(call.id))
    stream = call.service.streams.get(call.id)
    return json_answer(_document(call.service, stream), HTTPStatus.CREATED if created else HTTPStatus.OK)


async def patch_stream(call: Call[StreamPatch, NoQuery]) -> web.Response:
    """Change the given fields of a stream."""
    stream = await call.service.streams.patch(call.id, call.body.applied_to)
    return json_answer(_document(call.service, stream))


async def delete_stream(call: Call[None, DeleteStreamQuery]) -> web.Response:
    """Remove a stream; with `purge` all that was heard from it too."""
    await call.service.streams.delete(call.id, purge=call.query.purge)
    return no_content()


def _document(service: Service, stream: Stream) -> dict[str, Any]:
    return stream_document(stream, service.streams.status(stream.id))


_SHOWN = Outcome(HTTPStatus.OK, "The stream", StreamObject)

OPERATIONS = (
    Operation(
        "GET",
        "/streams",
        "All streams",
        list_streams,
        Who.READERS,
        (Outcome(HTTPStatus.OK, "In order of their ids", Page[StreamObject]),),
        query=PageQuery,
    ),
    Operation("GET", "/streams/{id}", "One stream", get_stream, Who.READERS, (_SHOWN,), id_type=StreamId),
    Operation(
        "PUT",
        "/streams/{id}",
        "Make or replace a stream; never connects, so the camera may be down",
        put_stream,
        Who.CLIENTS,
        (Outcome(HTTPStatus.CREATED, "The new stream", StreamObject), _SHOWN),
        problems=(HTTPStatus.CONFLICT,),
        id_type=StreamId,
        body=StreamBody,
    ),
    Operation(
        "PATCH",
        "/streams/{id}",
        "Change the given fields of a stream",
        patch_stream,
        Who.CLIENTS,
        (_SHOWN,),
        problems=(HTTPStatus.NOT_FOUND,),
        id_type=StreamId,
        body=StreamPatch,
    ),
    Operation(
        "DELETE",
        "/streams/{id}",
        "Remove a stream; its text stays until retention, or goes at once with purge",
        delete_stream,
        Who.CLIENTS,
        (Outcome(HTTPStatus.NO_CONTENT, "It is gone"),),
        id_type=StreamId,
        query=DeleteStreamQuery,
    ),
)
