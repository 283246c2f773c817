"""What a stream's camera can be asked: its errors, a new session, a picture, words as if said, and a trial."""

from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
import operator

from aiohttp import web

from ..domain.clock import format_time, to_millis
from ..domain.documents import (
    audio_document,
    hit_document,
    segment_document,
    stream_document,
    video_document,
)
from ..service.streams import RecordedError
from .answers import Page, Simulated
from .fields import NoQuery, StreamId
from .operations import Call, Operation, Outcome, Who, json_answer
from .paging import page
from .schemas import PageQuery, ProbeBody, SimulateBody, SnapshotQuery
from .stream_answers import Probed, RecordedStreamError, StreamObject

JPEG = "image/jpeg"


async def list_stream_errors(call: Call[None, PageQuery]) -> web.Response:
    """List the last 100 errors, newest first."""
    errors = await call.service.streams.errors(call.id)
    return json_answer(
        page(
            f"errors {call.id}",
            _keyed(errors),
            key=lambda item: item[0],
            follows=operator.lt,
            limit=call.query.limit,
            cursor=call.query.cursor,
            document=lambda item: {
                "code": item[1].code,
                "message": item[1].message,
                "at": format_time(item[1].at),
                "recovered_at": format_time(item[1].recovered_at) if item[1].recovered_at else None,
            },
        )
    )


async def restart_stream(call: Call[None, NoQuery]) -> web.Response:
    """Start the session anew at once."""
    streams = call.service.streams
    streams.restart(call.id)
    return json_answer(stream_document(streams.get(call.id), streams.status(call.id)), HTTPStatus.ACCEPTED)


async def simulate(call: Call[SimulateBody, NoQuery]) -> web.Response:
    """Take words as if they had been said; answers after they are committed."""
    body = call.body
    segment, hits = await call.service.transcripts.simulate(
        call.service.streams.get(call.id), body.text, body.confidence, store=body.store
    )
    return json_answer({"segment": segment_document(segment), "hits": [hit_document(hit) for hit in hits]})


async def get_snapshot(call: Call[None, SnapshotQuery]) -> web.Response:
    """Answer a picture of now."""
    picture = await call.service.streams.snapshot(call.id, call.query.width)
    return web.Response(body=picture, content_type=JPEG)


async def probe(call: Call[ProbeBody, NoQuery]) -> web.Response:
    """Try a camera and say what it offers."""
    body = call.body
    result = await call.service.streams.probe(body.url, body.transport, body.certificate, body.stream)
    return json_answer(
        {
            "video": video_document(result.video),
            "audio": audio_document(result.audio),
            "transport": result.transport.value,
            "took_s": round(result.took_s, 3),
            "certificate": result.certificate,
        }
    )


def _keyed(errors: Sequence[RecordedError]) -> list[tuple[str, RecordedError]]:
    """Give each error a key: its millisecond, and which of that millisecond's errors it is, counted from the oldest."""
    within = Counter[int]()
    keyed = []
    for error in reversed(errors):
        millis = to_millis(error.at)
        within[millis] += 1
        keyed.append((f"{millis:016}.{within[millis]:04}", error))
    return keyed[::-1]


OPERATIONS = (
    Operation(
        "GET",
        "/streams/{id}/errors",
        "The last 100 errors of a stream",
        list_stream_errors,
        Who.READERS,
        (Outcome(HTTPStatus.OK, "Newest first", Page[RecordedStreamError]),),
        id_type=StreamId,
        query=PageQuery,
    ),
    Operation(
        "POST",
        "/streams/{id}/restart",
        "Start the session anew, clearing backoff and breaker",
        restart_stream,
        Who.CLIENTS,
        (Outcome(HTTPStatus.ACCEPTED, "It is being started", StreamObject),),
        id_type=StreamId,
    ),
    Operation(
        "POST",
        "/streams/{id}/simulate",
        "Take words as if they had been said, whether the camera is up or down",
        simulate,
        Who.CLIENTS,
        (Outcome(HTTPStatus.OK, "What they became, committed", Simulated),),
        id_type=StreamId,
        body=SimulateBody,
    ),
    Operation(
        "GET",
        "/streams/{id}/snapshot.jpg",
        "A picture of now; waits at most 10 s for one",
        get_snapshot,
        Who.READERS,
        (Outcome(HTTPStatus.OK, "The picture", media_type=JPEG),),
        problems=(HTTPStatus.SERVICE_UNAVAILABLE,),
        id_type=StreamId,
        query=SnapshotQuery,
    ),
    Operation(
        "POST",
        "/probe",
        "Try a camera and say what it offers; a problem's code is the capture error",
        probe,
        Who.CLIENTS,
        (Outcome(HTTPStatus.OK, "What it offers", Probed),),
        problems=(
            HTTPStatus.NOT_FOUND,
            HTTPStatus.BAD_GATEWAY,
            HTTPStatus.SERVICE_UNAVAILABLE,
            HTTPStatus.GATEWAY_TIMEOUT,
        ),
        body=ProbeBody,
    ),
)
