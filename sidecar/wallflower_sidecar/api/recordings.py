"""Recordings and clips: listed, played, kept and deleted."""

from contextlib import suppress
from http import HTTPStatus

from aiohttp import hdrs, web

from ..domain.clock import format_time
from ..domain.documents import recording_item_document, stream_document
from ..domain.errors import NotFoundError, UnavailableError
from .answers import Page, RecordingObject
from .connected import while_connected
from .fields import NoQuery, StreamId, Uuid
from .file_answers import answer_file
from .operations import Call, Operation, Outcome, Who, json_answer, no_content
from .recording_schemas import ClipBody, ClipQuery, RecordingOrder, RecordingsQuery
from .stream_answers import StreamObject

MP4 = "video/mp4"
TRIES = 2
"""A clip may be handed over to whoever keeps it in the moment in which it is to be sent."""

CLIP_START, CLIP_END = "Wallflower-Clip-Start", "Wallflower-Clip-End"


async def list_recordings(call: Call[None, RecordingsQuery]) -> web.Response:
    """List recordings, newest first."""
    query = call.query
    page = await call.service.recordings.list(
        stream=query.stream, start=query.start, end=query.end, limit=query.limit, cursor=query.cursor
    )
    return json_answer({"items": [recording_item_document(item) for item in page.items], "next": page.next})


async def get_recording(call: Call[None, NoQuery]) -> web.StreamResponse:
    """Answer the recording itself."""
    item = await call.service.recordings.get(call.id)
    path = await call.service.recordings.path_of(call.id)
    name = f"{item.stream}_{item.start:%Y%m%dT%H%M%SZ}_{item.kind.value}.mp4"
    try:
        return await answer_file(call.request, path, call.service.clips.disk, MP4, _shown_as(name))
    except FileNotFoundError:
        raise NotFoundError("The file of this recording is gone.") from None


async def delete_recording(call: Call[None, NoQuery]) -> web.Response:
    """Delete a recording; what was cut out of it and not kept goes first, so that this can be asked for again."""
    item = await call.service.recordings.get(call.id)
    await call.service.clips.forget(item.stream)
    await call.service.recordings.delete(call.id)
    await call.service.clips.forget(item.stream)  # what was cut meanwhile
    return no_content()


async def get_clip(call: Call[None, ClipQuery]) -> web.StreamResponse:
    """Answer what was recorded in a time."""
    query = call.query
    for _ in range(TRIES):
        clip = await while_connected(call.request, call.service.clips.watch(query.stream, query.start, query.end))
        headers = {
            **_shown_as(f"{query.stream}_{clip.cut.start:%Y%m%dT%H%M%SZ}.mp4"),
            CLIP_START: format_time(clip.cut.start),
            CLIP_END: format_time(clip.cut.end),
        }
        with suppress(FileNotFoundError):
            return await answer_file(call.request, clip.path, call.service.clips.disk, MP4, headers)
    raise UnavailableError("The clip went while it was looked for. Try again.")


async def keep_clip(call: Call[ClipBody, NoQuery]) -> web.Response:
    """Keep what was recorded in a time."""
    body = call.body
    item = await while_connected(call.request, call.service.clips.keep(body.stream, body.start, body.end))
    return json_answer(recording_item_document(item), HTTPStatus.CREATED)


async def order_recording(call: Call[RecordingOrder, NoQuery]) -> web.Response:
    """Record by hand, beside the mode, or no longer."""
    streams = call.service.streams
    streams.record_by_hand(call.id, on=call.body.action == "start")
    return json_answer(stream_document(streams.get(call.id), streams.status(call.id)))


def _shown_as(name: str) -> dict[str, str]:
    return {hdrs.CONTENT_DISPOSITION: f'inline; filename="{name}"'}


_FILE = (
    Outcome(HTTPStatus.OK, "All of it", media_type=MP4),
    Outcome(HTTPStatus.PARTIAL_CONTENT, "The part that Range asks for", media_type=MP4),
    Outcome(HTTPStatus.NOT_MODIFIED, "Who asks has it already"),
)
_FILE_PROBLEMS = (
    HTTPStatus.NOT_FOUND,
    HTTPStatus.PRECONDITION_FAILED,
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_RANGE_HEADER = (("Range", "Some of the bytes of the file"),)

OPERATIONS = (
    Operation(
        "GET",
        "/recordings",
        "Recordings, those that have something between two times",
        list_recordings,
        Who.READERS,
        (Outcome(HTTPStatus.OK, "Newest first", Page[RecordingObject]),),
        problems=(HTTPStatus.NOT_FOUND,),
        query=RecordingsQuery,
    ),
    Operation(
        "GET",
        "/recordings/{id}",
        "A recording itself",
        get_recording,
        Who.READERS,
        _FILE,
        problems=_FILE_PROBLEMS,
        id_type=Uuid,
        headers=_RANGE_HEADER,
    ),
    Operation(
        "DELETE",
        "/recordings/{id}",
        "Delete a recording",
        delete_recording,
        Who.CLIENTS,
        (Outcome(HTTPStatus.NO_CONTENT, "It is gone"),),
        problems=(HTTPStatus.SERVICE_UNAVAILABLE,),
        id_type=Uuid,
    ),
    Operation(
        "GET",
        "/clips",
        "What was recorded from one time to another, an hour at most, as one file; gaps are closed. It begins with the "
        f"last key frame at or before `from`: {CLIP_START} and {CLIP_END} say when",
        get_clip,
        Who.READERS,
        _FILE,
        problems=_FILE_PROBLEMS,
        query=ClipQuery,
        headers=_RANGE_HEADER,
    ),
    Operation(
        "POST",
        "/clips",
        "Keep what was recorded from one time to another, an hour at most",
        keep_clip,
        Who.CLIENTS,
        (Outcome(HTTPStatus.CREATED, "The clip, kept", RecordingObject),),
        problems=(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE),
        body=ClipBody,
    ),
    Operation(
        "POST",
        "/streams/{id}/recording",
        "Record by hand, beside what the mode says, or no longer",
        order_recording,
        Who.CLIENTS,
        (Outcome(HTTPStatus.OK, "The stream", StreamObject),),
        problems=(HTTPStatus.CONFLICT,),
        id_type=StreamId,
        body=RecordingOrder,
    ),
)
