"""The client against a real HTTP server: every request, every kind of refusal, every way a stream can end."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web
import pytest

from custom_components.wallflower.answers import MAX_ANSWER_BYTES
from custom_components.wallflower.client import WallflowerClient
from custom_components.wallflower.exceptions import (
    ApiVersionError,
    AuthenticationError,
    FieldFault,
    ForbiddenError,
    NotFoundError,
    NotWallflowerError,
    RateLimitedError,
    RequestRefusedError,
    WallflowerConnectionError,
    WallflowerProtocolError,
    WallflowerTimeoutError,
)
from custom_components.wallflower.models import ProbeResult
from tests.support.waiting import eventually

from .fake_sidecar import CODE, JPEG, FakeSidecar, problem, segment

TYPES = ["transcript.final", "speech.started"]


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(session: aiohttp.ClientSession, sidecar: FakeSidecar) -> WallflowerClient:
    return WallflowerClient(session, sidecar.url, sidecar.token)


def answering(sidecar: FakeSidecar, method: str, path: str, **response: object) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(**response)

    sidecar.overrides[method, path] = answer


async def test_info_tells_who_answers(client: WallflowerClient) -> None:
    info = await client.info()

    assert (info.version, info.api_version, info.server_id) == ("0.1.0", 1, "server-1")


@pytest.mark.parametrize(
    ("response", "error"),
    [
        ({"text": "<html>a router</html>"}, NotWallflowerError),
        ({"text": "[1]"}, NotWallflowerError),
        ({"text": '{"name": "something else"}'}, NotWallflowerError),
        ({"text": '{"name": "wallflower"}'}, WallflowerProtocolError),
        ({"text": "[" * 100_000}, NotWallflowerError),
        ({"status": 404, "text": "not here"}, NotWallflowerError),
        ({"status": 302, "headers": {"Location": "http://elsewhere.test/"}}, NotWallflowerError),
        ({"status": 502, "text": "a proxy"}, WallflowerConnectionError),
        ({"status": 429, "text": "{}"}, RateLimitedError),
        ({"text": '{"name":"wallflower","version":"9","api_version":2,"server_id":"s"}'}, ApiVersionError),
    ],
)
async def test_whatever_else_answers_is_named(
    client: WallflowerClient, sidecar: FakeSidecar, response: dict, error: type[Exception]
) -> None:
    answering(sidecar, "GET", "info", **response)

    with pytest.raises(error) as raised:
        await client.info()
    assert type(raised.value) is error


async def test_nobody_answers(client: WallflowerClient, sidecar: FakeSidecar) -> None:
    await sidecar.stop()

    with pytest.raises(WallflowerConnectionError) as raised:
        await client.info()
    assert str(raised.value) == "Nothing listens at the sidecar's address"


async def test_a_code_brings_a_token(client: WallflowerClient, sidecar: FakeSidecar) -> None:
    assert await client.pair(CODE) == sidecar.token
    with pytest.raises(AuthenticationError):
        await client.pair("000000")


async def test_the_token_goes_along_but_not_to_another_server(client: WallflowerClient, sidecar: FakeSidecar) -> None:
    seen: list[str | None] = []

    async def redirect(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        raise web.HTTPFound(f"{sidecar.url}/elsewhere")

    sidecar.overrides["GET", "streams"] = redirect

    with pytest.raises(RequestRefusedError):
        await client.streams()
    assert seen == [f"Bearer {sidecar.token}"]
    assert not sidecar.requested("GET", "/elsewhere")


async def test_access_is_checked_without_changing_anything(
    session: aiohttp.ClientSession, client: WallflowerClient, sidecar: FakeSidecar
) -> None:
    await client.check_access()
    with pytest.raises(AuthenticationError):
        await WallflowerClient(session, sidecar.url, "nobody's").check_access()
    with pytest.raises(ForbiddenError):
        await WallflowerClient(session, sidecar.url, sidecar.read_only_token).check_access()
    answering(sidecar, "POST", "probe", status=503)
    with pytest.raises(WallflowerConnectionError):
        await client.check_access()


async def test_streams_are_read_over_all_pages(client: WallflowerClient, sidecar: FakeSidecar) -> None:
    for name in ("a", "b", "c", "d", "e"):
        sidecar.add_stream(name)

    streams = await client.streams()

    assert [stream.id for stream in streams] == ["a", "b", "c", "d", "e"]
    assert streams[0].status.delivers


async def test_a_stream_is_put_patched_restarted_spoken_for_and_deleted(
    client: WallflowerClient, sidecar: FakeSidecar
) -> None:
    stream, created = await client.put_stream("porch", {"name": "Porch", "url": "rtsp://camera.test/live"})
    assert created
    assert stream.name == "Porch"
    assert (await client.put_stream("porch", {"name": "Porch"}))[1] is False
    assert (await client.patch_stream("porch", {"transcribe": False})).transcribe is False
    await client.restart_stream("porch")
    said = await client.simulate("porch", "hello", store=False)
    assert said["segment"]["text"] == "hello"
    assert sidecar.requested("POST", "streams/porch/simulate")[0][1] == {"text": "hello", "store": False}
    await client.delete_stream("porch")
    with pytest.raises(NotFoundError):
        await client.delete_stream("porch")


async def test_a_camera_is_tried(client: WallflowerClient, sidecar: FakeSidecar) -> None:
    video = {"codec": "h264", "width": 1920, "height": 1080, "fps": None}
    sidecar.cameras["rtsp://camera.test/a"] = {"video": video, "audio": {"codec": "aac", "sample_rate": 16000}}

    found = await client.probe("rtsp://camera.test/a", "auto", "porch")

    assert found == ProbeResult("h264, 1920 × 1080", "aac, 16000 Hz", "tcp")
    assert sidecar.requested("POST", "probe")[0][1]["stream"] == "porch"
    with pytest.raises(RequestRefusedError) as refused:
        await client.probe("rtsp://camera.test/none", "auto")
    assert refused.value.code == "connection_refused"
    assert refused.value.detail == "The camera refused the connection."


async def test_pictures_and_sentences(client: WallflowerClient, sidecar: FakeSidecar) -> None:
    sidecar.add_stream("porch")
    sidecar.segments += [segment("porch", "newest"), segment("porch", "older")]

    assert await client.snapshot("porch", 320) == JPEG
    assert (await client.archive.latest_segment("porch")).text == "newest"
    assert await client.archive.latest_segment("gate") is None


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthenticationError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (422, RequestRefusedError),
        (429, RateLimitedError),
        (503, RequestRefusedError),
    ],
)
async def test_problem_documents_are_errors_with_their_code_and_fields(
    client: WallflowerClient, sidecar: FakeSidecar, status: int, error: type[RequestRefusedError]
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return problem(status, "the_code", "A sentence.", [{"path": "name", "message": "Too long."}])

    sidecar.overrides["GET", "streams"] = refuse

    with pytest.raises(error) as raised:
        await client.streams()
    assert type(raised.value) is error
    assert (raised.value.code, raised.value.detail) == ("the_code", "A sentence.")
    assert raised.value.faults == (FieldFault("name", "Too long."),)


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"code": "c", "errors": 1}', '{"code": "c", "errors": [1]}'])
async def test_a_refusal_that_is_no_problem_document_is_still_one(
    client: WallflowerClient, sidecar: FakeSidecar, body: str
) -> None:
    answering(sidecar, "GET", "streams", status=401, text=body)

    with pytest.raises(AuthenticationError) as raised:
        await client.streams()
    assert raised.value.code == "http"


@pytest.mark.parametrize(
    "body",
    ['{"items": 5}', '{"items": [5]}', '{"items": [{"id": "a"}]}', "{}", '{"items": [{"id": "a", "status": 1}]}'],
)
async def test_an_answer_that_does_not_keep_to_the_contract_is_an_error_of_the_protocol(
    client: WallflowerClient, sidecar: FakeSidecar, body: str
) -> None:
    answering(sidecar, "GET", "streams", text=body)

    with pytest.raises(WallflowerProtocolError):
        await client.streams()


async def test_an_answer_without_end_is_cut_off(client: WallflowerClient, sidecar: FakeSidecar) -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 2**20)

    sidecar.overrides["GET", "streams"] = flood

    with pytest.raises(WallflowerProtocolError, match="too long"):
        await client.streams()
    assert MAX_ANSWER_BYTES == 2**24


async def test_an_answer_that_does_not_come_is_a_timeout(
    client: WallflowerClient, sidecar: FakeSidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        while request.transport is not None and not request.transport.is_closing():
            await asyncio.sleep(0.01)
        return response

    sidecar.overrides["GET", "streams/porch/snapshot.jpg"] = hang
    monkeypatch.setattr("custom_components.wallflower.client.SNAPSHOT_TIMEOUT_S", 0.2)

    with pytest.raises(WallflowerTimeoutError):
        await client.snapshot("porch")


async def test_an_address_that_no_socket_takes_is_a_connection_error(session: aiohttp.ClientSession) -> None:
    with pytest.raises(WallflowerConnectionError):
        await WallflowerClient(session, f"http://{'a' * 64}.test:8953").info()


async def test_events_come_from_where_the_reader_was(client: WallflowerClient, sidecar: FakeSidecar) -> None:
    sidecar.add_stream("porch")
    for text in ("one", "two", "three"):
        sidecar.publish("transcript.final", segment("porch", text))

    assert await client.newest_event_id(TYPES) == 3
    async with client.events(TYPES, after=1) as events:
        assert (await anext(events)).id == 2
        assert (await anext(events)).id == 3
        sidecar.publish("speech.started", {"stream": "porch"}, stored=False)
        live = await anext(events)
        assert (live.id, live.type) == (None, "speech.started")


async def test_an_event_stream_that_falls_silent_is_dead(client: WallflowerClient) -> None:
    with pytest.raises(WallflowerTimeoutError):
        async with client.events(TYPES, after=0, silence_timeout_s=0.2) as events:
            await anext(events)


async def test_a_comment_in_time_keeps_an_event_stream_alive(client: WallflowerClient, sidecar: FakeSidecar) -> None:
    async with client.events(TYPES, after=0, silence_timeout_s=0.6) as events, asyncio.timeout(5):
        first = asyncio.ensure_future(anext(events))
        for _ in range(5):
            await asyncio.sleep(0.2)
            sidecar.readers[0].put_nowait(b": alive\n\n")
        sidecar.publish("speech.started", {})
        assert (await first).type == "speech.started"


async def test_an_event_stream_that_breaks_is_a_connection_error(
    client: WallflowerClient, sidecar: FakeSidecar
) -> None:
    async def follow() -> None:
        async with client.events(TYPES, after=0) as events:
            await anext(events)

    following = asyncio.create_task(follow())
    await eventually(lambda: sidecar.readers)
    for connection in sidecar._runner.server.connections:
        connection.transport.abort()

    with pytest.raises(WallflowerConnectionError):
        await following


async def test_an_event_stream_may_be_refused(session: aiohttp.ClientSession, sidecar: FakeSidecar) -> None:
    with pytest.raises(AuthenticationError):
        async with WallflowerClient(session, sidecar.url, "nobody's").events(TYPES, after=0):
            pass


async def test_the_newest_event_is_waited_for_no_longer_than_any_answer(
    client: WallflowerClient, sidecar: FakeSidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.wallflower.client.REQUEST_TIMEOUT_S", 0.2)
    monkeypatch.setattr("custom_components.wallflower.client.NEVER_GIVEN_ID", 0)

    with pytest.raises(WallflowerTimeoutError):
        await client.newest_event_id(TYPES)
