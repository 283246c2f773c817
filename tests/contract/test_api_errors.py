"""Everything that is refused is a problem document with the contract's code, and bad input is never a 500."""

from collections.abc import Callable
import json
import socket

import pytest

from .api_client import LOOPBACK, Api
from .contract_shapes import Answer

STREAM = {"name": "Door", "url": "rtsp://camera.invalid/live", "enabled": False}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"{",
        b"nonsense",
        b'{"name": "Door", }',
        b"{'name': 'Door'}",
        b'{"name": "Door"} trailing',
        b'{"retain_days": NaN}',
        b'{"retain_days": Infinity}',
        b'{"retain_days": -Infinity}',
        b'{"name": "a", "name": "b"}',
        b'{"recording": {"mode": "off", "mode": "off"}}',
        b'{"name": "\xff\xfe"}',
        b"\xef\xbb\xbf{}",
        '{"name": "Door"}'.encode("utf-16"),
        b'{"name": "line\nbreak"}',
    ],
)
def test_a_body_that_is_no_json_is_bad_json(api: Api, raw: bytes) -> None:
    answer = api.ask("PUT", "/streams/bad-json", raw=raw)
    assert (answer.status, answer.code) == (400, "bad_json")


@pytest.mark.parametrize("depth", [1_000, 50_000, 400_000])
@pytest.mark.parametrize("brackets", [(b"[", b"]"), (b'{"a":', b"}")])
def test_deeply_nested_json_is_a_problem_not_a_500(api: Api, depth: int, brackets: tuple[bytes, bytes]) -> None:
    depth = min(depth, 990_000 // (len(brackets[0]) + 1))
    raw = brackets[0] * depth + b"1" + brackets[1] * depth
    for body in (raw, b'{"name":' + raw + b"}", b'{"id":' + raw + b"}", b'{"keywords":' + raw + b"}"):
        answer = api.ask("PUT", "/streams/nested", raw=body)
        assert (answer.status, answer.code) in {(400, "bad_json"), (422, "invalid")}


@pytest.mark.parametrize("body", [[], [STREAM], "text", 1, 1.5, True, None])
def test_json_that_is_no_object_is_invalid(api: Api, body: object) -> None:
    answer = api.ask("PUT", "/streams/no-object", raw=json.dumps(body).encode())
    assert (answer.status, answer.code, answer.paths) == (422, "invalid", ["body"])


def test_a_body_over_1_mb_is_too_large(api: Api) -> None:
    raw = json.dumps({**STREAM, "name": "x" * 1_000_001}).encode()
    answer = api.ask("PUT", "/streams/large", raw=raw)
    assert (answer.status, answer.code) == (413, "too_large")


def test_a_body_of_just_1_mb_is_read(api: Api) -> None:
    padding = 1_000_000 - len(json.dumps({**STREAM, "unknown": ""}))
    raw = json.dumps({**STREAM, "unknown": "x" * padding}).encode()
    assert len(raw) == 1_000_000
    answer = api.ask("PUT", "/streams/large", raw=raw)
    assert (answer.status, answer.paths) == (422, ["unknown"])


def test_a_chunked_body_over_1_mb_is_too_large(api: Api) -> None:
    chunk = b"%x\r\n%s\r\n" % (100_000, b" " * 100_000)
    sent = request(api, "PUT", "/streams/large", "Transfer-Encoding: chunked") + chunk * 20 + b"0\r\n\r\n"
    assert status_of(api.bytes(sent)) == 413


def test_a_compressed_body_that_unfolds_to_over_1_mb_is_too_large(api: Api) -> None:
    import zlib  # noqa: PLC0415

    raw = zlib.compress(b'{"name": "' + b"x" * 60_000_000 + b'"}', wbits=31)
    assert len(raw) < 100_000
    answer = api.ask("PUT", "/streams/bomb", raw=raw, headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.code) == (413, "too_large")


def test_a_body_whose_encoding_is_broken_is_bad_json(api: Api) -> None:
    answer = api.ask("PUT", "/streams/gzip", raw=b"this is no gzip", headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.code) == (400, "bad_json")


def test_a_large_body_that_nobody_reads_does_not_keep_the_answer_back(api: Api) -> None:
    answer = api.as_holder_of(None).ask("PUT", "/streams/unread", raw=b"x" * 5_000_000)
    assert (answer.status, answer.code) == (401, "unauthorized")
    answer = api.ask("PUT", "/streams/unread", raw=b"x" * 5_000_000)
    assert (answer.status, answer.code) == (413, "too_large")


def test_a_body_on_get_is_ignored(api: Api) -> None:
    assert api.ask("GET", "/streams", raw=b"no json at all").status == 200
    assert api.ask("GET", "/info", raw=b"\x00" * 1000).status == 200


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
def test_the_content_type_of_a_body_does_not_matter(api: Api, media_type: str) -> None:
    answer = api.ask("PUT", "/streams/media-type", STREAM, headers={"Content-Type": media_type})
    assert answer.status in {200, 201}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/info", {"GET", "HEAD"}),
        ("DELETE", "/streams", {"GET", "HEAD"}),
        ("POST", "/streams/door", {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("PUT", "/transcripts", {"GET", "HEAD", "DELETE"}),
        ("GET", "/pair", {"POST"}),
        ("HEAD", "/events", {"GET"}),
        ("PROPFIND", "/streams", {"GET", "HEAD"}),
    ],
)
def test_a_wrong_method_is_told_what_the_path_takes(api: Api, method: str, path: str, allowed: set[str]) -> None:
    answer = api.ask(method, path)
    assert answer.status == 405
    assert set(answer.headers["Allow"].split(", ")) == allowed
    if method != "HEAD":
        assert answer.code == "method_not_allowed"


def test_options_tells_what_a_path_takes(api: Api) -> None:
    answer = api.ask("OPTIONS", "/streams/door")
    assert answer.status == 204
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "PUT", "PATCH", "DELETE"}
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_head_answers_like_get_without_the_body(api: Api) -> None:
    for path in ("/info", "/health", "/streams", "/openapi.json", "/transcripts"):
        answer = api.ask("HEAD", path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert api.ask("HEAD", "/streams/nobody").status == 404
    assert api.as_holder_of(None).ask("HEAD", "/streams").status == 401


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v2/info",
        "/api/v1/streams/",
        "/api/v1//streams",
        "/api/v1/info/",
        "/api/v1/streams/door/nothing",
        "/api/v1/%00",
        "/api/v1/streams/a/b/c/d",
        "/metrics",
        "/favicon.ico",
    ],
)
def test_what_is_not_there_is_not_found(api: Api, path: str) -> None:
    answer = api.ask_path("GET", path)
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/auth/me"),
        ("POST", "/auth/login"),
        ("POST", "/auth/refresh"),
        ("POST", "/auth/logout"),
        ("GET", "/users"),
        ("GET", "/streams/door/live.mjpeg"),
        ("GET", "/diagnostics"),
        ("GET", "/speakers"),
    ],
)
def test_what_later_versions_bring_is_not_found(api: Api, method: str, path: str) -> None:
    answer = api.ask(method, path)
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"BREW /api/v1/info HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /api/v1/info HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n",
        b"GET /api/v1/info HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"GET /api/v1/info?q=" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/info HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 70_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
    ],
)
def test_what_is_no_http_is_a_problem_too(api: Api, sent: bytes) -> None:
    answer = api.bytes(sent)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert status_of(answer) == 400
    assert b"application/problem+json" in head
    assert b"Server: wallflower" in head
    assert json.loads(body)["request_id"]
    assert b"xxxx" not in body


@pytest.mark.parametrize(
    "path",
    [
        b"/api/v1/streams/\xff\xfe",
        b"/api/v1/streams/%ff%fe",
        b"/api/v1/transcripts?q=\xff\xfe",
        b"/api/v1/transcripts?q=%ff%00%f0",
        b"/api/v1/transcripts?\xff=1",
        b"/api/v1/transcripts?stream=\xff",
        b"/api/v1/transcripts?=&=&&&;;",
        b"/api/v1/events?types=\xff",
        b"http://[::1/api/v1/info",
        b"*",
        b"//evil.example/api/v1/info",
        b"/api/v1/../v1/info",
    ],
)
def test_paths_and_queries_of_any_bytes_never_bring_a_500(api: Api, path: bytes) -> None:
    head = f"Host: x\r\nAuthorization: Bearer {api.token}\r\nConnection: close\r\n\r\n".encode()
    answer = api.bytes(b"GET " + path + b" HTTP/1.1\r\n" + head)
    assert 200 <= status_of(answer) < 500


def test_an_expectation_that_nobody_knows_is_a_problem_too(api: Api) -> None:
    for path in ("/nowhere", "/diagnostics"):
        answer = api.ask("GET", path, headers={"Expect": "nonsense"})
        assert (answer.status, answer.code) == (417, "expectation_failed")


def test_an_unexpected_failure_shows_nothing_of_its_cause(
    api: Api, monkeypatch: pytest.MonkeyPatch, background: object
) -> None:
    def broken() -> None:
        raise RuntimeError("a secret cause")

    monkeypatch.setattr(background.service.streams, "all", broken)  # type: ignore[attr-defined]
    answer = api.expecting_failure().ask("GET", "/streams")
    assert (answer.status, answer.code) == (500, "internal")
    assert b"secret" not in answer.raw


def test_a_client_that_goes_in_the_middle_of_its_body_harms_nobody(api: Api, new_id: Callable[[], str]) -> None:
    with socket.create_connection((LOOPBACK, api.port)) as link:
        link.sendall(request(api, "PUT", f"/streams/{new_id()}", "Content-Length: 500") + b'{"name": ')
    assert api.ask("GET", "/info").status == 200


def request(api: Api, method: str, path: str, header: str) -> bytes:
    """The head of a request."""
    lines = (
        f"{method} /api/v1{path} HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {api.token}",
        "Connection: close",
    )
    return "\r\n".join([*lines, header, "", ""]).encode()


def status_of(raw: bytes) -> int:
    """The status of an answer as it came."""
    return int(raw.split(b" ", 2)[1])


def test_every_problem_has_all_its_fields(api: Api) -> None:
    answers: list[Answer] = [
        api.ask("PUT", "/streams/x", raw=b"{"),
        api.as_holder_of(None).ask("GET", "/streams"),
        api.ask("GET", "/nowhere"),
        api.ask("PATCH", "/streams"),
        api.ask("PUT", "/streams/x", {}),
    ]
    for answer in answers:
        fields = set(answer.document) - {"errors"}
        assert fields == {"type", "title", "status", "code", "detail", "request_id"}
