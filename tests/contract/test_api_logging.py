"""What the log tells of requests, and what it never does."""

from collections.abc import Callable, Generator
import io
import json
import logging
from typing import Any

import pytest

from wallflower_sidecar.logs import configure_logging

from .api_client import Api


@pytest.fixture
def log(api: Api) -> Generator[io.StringIO]:
    """What is logged at the most talkative level."""
    root, ours = logging.getLogger(), logging.getLogger("wallflower_sidecar")
    before, levels = root.handlers[:], (root.level, ours.level)
    written = io.StringIO()
    configure_logging("debug", "json", written)
    yield written
    root.handlers[:] = before
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    """The lines so far."""
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_each_request_is_one_line_with_its_id_and_without_its_query(api: Api, log: io.StringIO) -> None:
    api.ask("GET", "/transcripts?q=tellnobody", headers={"X-Request-ID": "my-request"})
    mine = [line for line in lines(log) if line.get("request_id") == "my-request"]
    assert [line["message"].rsplit(" in ", 1)[0] for line in mine if "GET" in line["message"]] == [
        "GET /api/v1/transcripts 200"
    ]


def test_what_is_logged_of_a_failure_has_the_request_s_id(
    api: Api, log: io.StringIO, monkeypatch: pytest.MonkeyPatch, background: Any
) -> None:
    def broken() -> None:
        raise RuntimeError("the cause")

    monkeypatch.setattr(background.service.streams, "all", broken)
    api.expecting_failure().ask("GET", "/streams", headers={"X-Request-ID": "failing"})
    failure = next(line for line in lines(log) if line["level"] == "error")
    assert failure["request_id"] == "failing"
    assert "the cause" in failure["error"]


def test_a_body_that_cannot_be_unpacked_is_no_fault_of_the_server(api: Api, log: io.StringIO) -> None:
    head = "POST /api/v1/pair HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n"
    assert api.bytes(head.encode() + b"{}").startswith(b"HTTP/1.1 400")
    assert [line for line in lines(log) if line["level"] == "error"] == []


def test_queries_bodies_words_tokens_and_passwords_are_never_logged(
    api: Api, log: io.StringIO, new_id: Callable[[], str]
) -> None:
    stream = new_id()
    secret = "Xyzzy7"
    url = f"rtsp://user:{secret}@camera.invalid/{secret}"
    api.ask(
        "PUT",
        f"/streams/{stream}",
        {"name": secret, "url": url, "keywords": [{"id": secret, "phrases": [secret]}]},
    )
    api.ask("PATCH", f"/streams/{stream}", {"name": secret, secret: secret})
    api.ask("POST", f"/streams/{stream}/simulate", {"text": f"words {secret} words"})
    api.ask("GET", f"/transcripts?q={secret}&{secret}=1")
    api.ask("GET", f"/transcripts?q={secret}")
    api.ask("PUT", f"/streams/{stream}", raw=f"{{{secret}".encode())
    api.ask("POST", "/probe", {"url": url.replace("camera.invalid", "127.0.0.1:1")})
    api.from_a_new_address().as_holder_of(secret).ask("GET", "/streams")
    api.ask("DELETE", f"/transcripts?stream={stream}")
    api.ask("DELETE", f"/streams/{stream}?purge=true")
    api.bytes(f"GET /api/v1/transcripts?q={secret}{'x' * 70_000} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    api.bytes(f"{secret} {secret}\r\n\r\n".encode())
    assert lines(log)
    assert secret.lower() not in log.getvalue().lower()


def test_a_path_cannot_forge_a_log_line(api: Api, log: io.StringIO) -> None:
    api.ask_path("GET", "/a%0A2026-01-01T00:00:00.000Z%20ERROR%20forged")
    api.bytes(b"GET /a\xe2\x80\xa8b\xff\x1b[31m HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    for line in lines(log):
        assert "\n" not in line["message"]
        assert "\x1b" not in line["message"]
