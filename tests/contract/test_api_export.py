"""What was said as a file over the API: chosen, merged, streamed, refused."""

from collections.abc import Callable
import http.client
from pathlib import Path
import socket
import time
from urllib.parse import urlencode

import pytest

from wallflower_sidecar.api.events import Pace
from wallflower_sidecar.api.operations import BASE_PATH

from .api_client import LOOPBACK, TOKEN, Api, is_served, running_api


def say(api: Api, stream: str, text: str) -> None:
    assert api.ask("POST", f"/streams/{stream}/simulate", {"text": text}).status == 200


def export(api: Api, **query: object) -> str:
    answer = api.ask("GET", f"/transcripts/export?{urlencode(query, doseq=True)}")
    assert answer.status == 200, answer
    return answer.raw.decode("utf-8")


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("json", "application/json"),
        ("txt", "text/plain; charset=utf-8"),
        ("srt", "application/x-subrip; charset=utf-8"),
        ("vtt", "text/vtt; charset=utf-8"),
    ],
)
def test_each_format_bears_its_type_and_a_name(
    api: Api, make_stream: Callable[..., str], kind: str, media_type: str
) -> None:
    stream = make_stream()
    say(api, stream, "Grüße 🙂")
    answer = api.ask("GET", f"/transcripts/export?format={kind}&stream={stream}")
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Content-Disposition"] == f'attachment; filename="transcripts.{kind}"'
    assert "Grüße 🙂" in answer.raw.decode("utf-8")
    assert not answer.raw.startswith(b"\xef\xbb\xbf")


def test_several_streams_are_merged_in_the_order_of_time_with_names(api: Api, make_stream: Callable[..., str]) -> None:
    door, pool, other = make_stream(name="Front door"), make_stream(name="Pool"), make_stream(name="Else")
    for stream, text in ((door, "one"), (pool, "two"), (other, "not asked for"), (door, "three")):
        say(api, stream, text)
    lines = export(api, format="txt", stream=[door, pool]).splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == ["Front door: one", "Pool: two", "Front door: three"]
    assert [line.split("  ", 1)[1] for line in export(api, format="txt", stream=door).splitlines()] == ["one", "three"]


def test_a_range_takes_its_beginning_and_leaves_its_end(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    for text in ("one", "two", "three"):
        say(api, stream, text)
    items = api.ask("GET", f"/transcripts/export?stream={stream}").document["items"]
    middle = export(api, format="txt", stream=stream, **{"from": items[1]["start"], "to": items[2]["start"]})
    assert [line.split("  ", 1)[1] for line in middle.splitlines()] == ["two"]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("format=docx", "format"),
        ("format=", "format"),
        ("format=srt&format=vtt", "format"),
        ("from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z", "to"),
        ("from=yesterday", "from"),
        ("stream=UPPER", "stream"),
        ("stream=a&stream=", "stream"),
        ("q=x", "q"),
        ("limit=1", "limit"),
    ],
)
def test_what_is_wrong_is_named(api: Api, query: str, path: str) -> None:
    answer = api.ask("GET", f"/transcripts/export?{query}")
    assert (answer.status, answer.paths) == (422, [path])


def test_a_stream_that_never_was_is_not_found(api: Api, make_stream: Callable[..., str]) -> None:
    assert api.ask("GET", f"/transcripts/export?stream={make_stream()}&stream=never-was").status == 404


def test_head_tells_the_type_alone(api: Api) -> None:
    answer = api.ask("HEAD", "/transcripts/export?format=vtt")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/vtt; charset=utf-8")


def test_more_than_one_batch_comes_whole(
    api: Api, make_stream: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wallflower_sidecar.service.archive.EXPORT_BATCH", 3)
    stream = make_stream()
    texts = [f"sentence {number}" for number in range(10)]
    for text in texts:
        say(api, stream, text)
    items = api.ask("GET", f"/transcripts/export?stream={stream}").document["items"]
    assert [item["text"] for item in items] == texts


def test_a_reader_who_takes_nothing_is_cut_off_and_sees_it(tmp_path: Path) -> None:
    with running_api(tmp_path, pace=Pace(stall_s=0.5)) as (api, _):
        body = {"name": "A camera", "url": "rtsp://camera.invalid/live", "enabled": False}
        assert api.ask("PUT", "/streams/door", body).status == 201
        for _ in range(700):
            say(api, "door", "🙂" * 10_000)  # 28 MB in all: more than the system's buffers take
        with socket.socket() as sleeper:
            sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sleeper.settimeout(20)
            sleeper.connect((LOOPBACK, api.port))
            head = f"GET {BASE_PATH}/transcripts/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
            sleeper.sendall(head.encode())
            response = http.client.HTTPResponse(sleeper)
            response.begin()
            deadline = time.monotonic() + 30
            while is_served(sleeper):
                assert time.monotonic() < deadline, "the sleeper was not cut off"
                assert api.ask("GET", "/health/live").status == 204
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                response.read()
