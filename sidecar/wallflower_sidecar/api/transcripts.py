"""What was said: found again, and forgotten."""

from http import HTTPStatus

from aiohttp import web

from ..domain.documents import segment_document
from .answers import Deleted, Forgotten, FoundSegment, Page
from .fields import NoQuery
from .operations import Call, Operation, Outcome, Who, json_answer
from .problems import Fault, invalid
from .schemas import ForgetBody, RangeQuery, SearchQuery


async def search_transcripts(call: Call[None, SearchQuery]) -> web.Response:
    """Find segments of some streams or of all, newest first without `q`, best first with it."""
    query = call.query
    page = await call.service.archive.search(
        streams=query.stream,
        q=query.q,
        start=query.start,
        end=query.end,
        rule=query.rule,
        speaker=query.speaker,
        limit=query.limit,
        cursor=query.cursor,
    )
    items = [{**segment_document(found.segment), "highlight": found.highlight} for found in page.items]
    return json_answer({"items": items, "next": page.next})


async def delete_transcripts(call: Call[None, RangeQuery]) -> web.Response:
    """Forget what was said, with its hits, index entries and event copies."""
    query = call.query
    if query.stream is None and query.start is None and query.end is None:
        raise invalid([Fault(name, "Give at least one of stream, from and to.") for name in ("stream", "from", "to")])
    count = await call.service.text_forgetting.delete(stream=query.stream, start=query.start, end=query.end)
    return json_answer({"deleted": count})


async def forget_last(call: Call[ForgetBody, NoQuery]) -> web.Response:
    """Forget the last minutes wholly."""
    forgot = await call.service.forgetting.forget_last(call.body.minutes, call.body.stream)
    return json_answer({"deleted": forgot.segments, "recordings": forgot.recordings})


OPERATIONS = (
    Operation(
        "GET",
        "/transcripts",
        "Find what was said",
        search_transcripts,
        Who.READERS,
        (Outcome(HTTPStatus.OK, "Newest first, or best first with q", Page[FoundSegment]),),
        problems=(HTTPStatus.NOT_FOUND,),
        query=SearchQuery,
    ),
    Operation(
        "DELETE",
        "/transcripts",
        "Forget what was said",
        delete_transcripts,
        Who.CLIENTS,
        (Outcome(HTTPStatus.OK, "How many segments are gone from every file", Deleted),),
        problems=(HTTPStatus.NOT_FOUND,),
        query=RangeQuery,
    ),
    Operation(
        "POST",
        "/forget",
        "Forget the last minutes of a stream or of all: text, hits, event copies, recordings, clips, and what is not "
        "text yet",
        forget_last,
        Who.CLIENTS,
        (Outcome(HTTPStatus.OK, "What is gone from every file", Forgotten),),
        problems=(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE),
        body=ForgetBody,
    ),
)
