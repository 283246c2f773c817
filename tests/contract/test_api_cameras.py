"""What a camera can be asked: errors, restart, simulate, snapshot, probe; with cameras that are down, for real."""

from collections.abc import Callable, Generator
import socket
import threading
import time
from typing import Any

import pytest

from .api_client import LOOPBACK, Api, pages
from .contract_shapes import Answer


@pytest.fixture
def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        return int(free.getsockname()[1])


@pytest.fixture
def chatterbox() -> Generator[int]:
    """A port that answers to everything with something that is not RTSP."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        listener.settimeout(0.1)
        done = threading.Event()

        def answer() -> None:
            while not done.is_set():
                try:
                    link, _ = listener.accept()
                except TimeoutError:
                    continue
                with link:
                    link.settimeout(5)
                    link.recv(4096)
                    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

        thread = threading.Thread(target=answer)
        thread.start()
        yield int(listener.getsockname()[1])
        done.set()
        thread.join()


def wait_until(look: Callable[[], Any], timeout_s: float = 20.0) -> Any:
    """Return the first true value of `look`."""
    deadline = time.monotonic() + timeout_s
    while not (seen := look()):
        assert time.monotonic() < deadline, "not true in time"
        time.sleep(0.1)
    return seen


def test_a_camera_that_is_down_is_accepted_and_its_error_recorded(
    api: Api, new_id: Callable[[], str], closed_port: int
) -> None:
    stream = new_id()
    started = time.monotonic()
    body = {"name": "Down", "url": f"rtsp://user:s3cret@{LOOPBACK}:{closed_port}/live"}
    assert api.ask("PUT", f"/streams/{stream}", body).status == 201
    assert time.monotonic() - started < 2
    status = wait_until(lambda: api.ask("GET", f"/streams/{stream}").document["status"]["error"])
    assert status["code"] == "connection_refused"
    errors = wait_until(lambda: api.ask("GET", f"/streams/{stream}/errors").document["items"])
    assert (errors[0]["code"], errors[0]["recovered_at"]) == ("connection_refused", None)
    assert b"s3cret" not in api.ask("GET", f"/streams/{stream}/errors").raw
    retry = api.ask("POST", f"/streams/{stream}/restart")
    assert retry.status == 202
    assert api.ask("GET", "/health").document["status"] == "degraded"
    picture = api.ask("GET", f"/streams/{stream}/snapshot.jpg")
    assert (picture.status, picture.code) == (503, "unavailable")
    assert api.ask("DELETE", f"/streams/{stream}").status == 204


def test_errors_are_paged_newest_first(
    api: Api, background: Any, make_stream: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    from wallflower_sidecar.service.streams import RecordedError  # noqa: PLC0415

    stream = make_stream()
    moments = [datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=number // 3) for number in range(9)]
    recorded = [RecordedError("eof", f"number {number}", at, None) for number, at in enumerate(moments)][::-1]

    async def errors(_: str) -> list[RecordedError]:
        return recorded

    monkeypatch.setattr(background.service.streams, "errors", errors)
    seen: list[str] = []
    for items in pages(api, f"/streams/{stream}/errors", 2):
        seen += [item["message"] for item in items]
        recorded.insert(0, RecordedError("eof", "new", moments[-1] + timedelta(seconds=len(seen)), None))
    assert seen == [f"number {number}" for number in reversed(range(9))]


def test_restart_of_a_stream_that_is_off_is_taken(api: Api, make_stream: Callable[..., str]) -> None:
    assert api.ask("POST", f"/streams/{make_stream()}/restart").status == 202


def test_a_stream_that_is_off_has_no_picture(api: Api, make_stream: Callable[..., str]) -> None:
    started = time.monotonic()
    answer = api.ask("GET", f"/streams/{make_stream()}/snapshot.jpg?width=320")
    assert (answer.status, answer.code) == (503, "unavailable")
    assert time.monotonic() - started < 12


@pytest.mark.parametrize("width", ["0", "-1", "15", "7681", "wide", "", "320.0", "1e3", "99999999999999999999"])
def test_a_width_that_is_none_is_invalid(api: Api, make_stream: Callable[..., str], width: str) -> None:
    answer = api.ask("GET", f"/streams/{make_stream()}/snapshot.jpg?width={width}")
    assert (answer.status, answer.paths) == (422, ["width"])


def simulate(api: Api, stream: str, /, **body: Any) -> Answer:
    """Say something without a camera."""
    return api.ask("POST", f"/streams/{stream}/simulate", body)


def test_simulated_words_go_through_rules_and_are_found(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream(keywords=[{"id": "help", "name": "Help!", "phrases": ["help me"]}])
    answer = simulate(api, stream, text="Please, HELP me now.", confidence=0.75)
    assert answer.status == 200
    segment, hits = answer.document["segment"], answer.document["hits"]
    assert (segment["stream"], segment["text"], segment["source"]) == (
        stream,
        "Please, HELP me now.",
        "simulated",
    )
    assert segment["confidence"] == 0.75
    assert [(hit["rule"], hit["segment"], hit["state"]) for hit in hits] == [
        ({"id": "help", "name": "Help!"}, segment["id"], "confirmed")
    ]
    found = api.ask("GET", f"/transcripts?stream={stream}&rule=help").document["items"]
    assert [item["id"] for item in found] == [segment["id"]]


def test_simulated_words_that_are_not_to_be_stored_leave_nothing(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream(keywords=[{"id": "help", "phrases": ["help"]}])
    answer = simulate(api, stream, text="help", store=False)
    assert answer.document["segment"]["id"] is None
    assert [hit["segment"] for hit in answer.document["hits"]] == [None]
    assert api.ask("GET", f"/transcripts?stream={stream}").document["items"] == []


@pytest.mark.parametrize(("store", "kept"), [("all", True), ("text", True), ("keywords", False), ("nothing", False)])
def test_simulated_words_follow_the_stream_s_policy(
    api: Api, make_stream: Callable[..., str], store: str, *, kept: bool
) -> None:
    stream = make_stream(store=store, keywords=[{"id": "help", "phrases": ["help"]}])
    simulate(api, stream, text="nothing of note")
    simulate(api, stream, text="help")
    found = [item["text"] for item in api.ask("GET", f"/transcripts?stream={stream}").document["items"]]
    expected = {"keywords": ["help"], "nothing": []}
    assert found == expected.get(store, ["help", "nothing of note"])
    assert ("nothing of note" in found) is kept


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, ["text"]),
        ({"text": ""}, ["text"]),
        ({"text": " \n "}, ["text"]),
        ({"text": 5}, ["text"]),
        ({"text": None}, ["text"]),
        ({"text": "half \ud800"}, ["text"]),
        ({"text": "nul \u0000"}, ["text"]),
        ({"text": "x" * 10_001}, ["text"]),
        ({"text": "x", "confidence": 1.01}, ["confidence"]),
        ({"text": "x", "confidence": -0.01}, ["confidence"]),
        ({"text": "x", "confidence": True}, ["confidence"]),
        ({"text": "x", "confidence": "1"}, ["confidence"]),
        ({"text": "x", "store": 1}, ["store"]),
        ({"text": "x", "stream": "door"}, ["stream"]),
    ],
)
def test_words_that_cannot_be_simulated_name_their_faults(
    api: Api, make_stream: Callable[..., str], body: dict[str, Any], paths: list[str]
) -> None:
    answer = simulate(api, make_stream(), **body)
    assert (answer.status, answer.paths) == (422, paths)


def test_words_of_any_kind_come_back_as_they_were(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    for text in (
        "Größe 12½ €",
        "ما هذا؟",
        "他说：“你好”",
        "🙂🙃",
        'quote " back \\ slash',
        "two\nlines",
        "x" * 10_000,
    ):
        assert simulate(api, stream, text=text).document["segment"]["text"] == text


def test_a_probe_of_a_camera_that_is_down_answers_the_capture_error(api: Api, closed_port: int) -> None:
    answer = api.ask("POST", "/probe", {"url": f"rtsp://user:s3cret@{LOOPBACK}:{closed_port}/live"})
    assert (answer.status, answer.code) == (502, "connection_refused")
    assert b"s3cret" not in answer.raw


def test_a_probe_of_what_does_not_speak_rtsp_says_so(api: Api, chatterbox: int) -> None:
    answer = api.ask("POST", "/probe", {"url": f"rtsp://{LOOPBACK}:{chatterbox}/live", "transport": "tcp"})
    assert (answer.status, answer.code) == (502, "not_rtsp")


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, ["url"]),
        ({"url": "http://h/"}, ["url"]),
        ({"url": "rtsp://h/", "transport": "quic"}, ["transport"]),
        ({"url": "rtsp://h/", "stream": "BAD"}, ["stream"]),
        ({"url": "rtsp://user:***@h/"}, ["url"]),
        ({"url": "rtsp://h/", "timeout": 1}, ["timeout"]),
    ],
)
def test_a_probe_that_cannot_be_made_names_its_faults(api: Api, body: object, paths: list[str]) -> None:
    answer = api.ask("POST", "/probe", body)
    assert (answer.status, answer.paths) == (422, paths)


def test_a_probe_takes_the_stored_password_for_the_mask(
    api: Api, make_stream: Callable[..., str], closed_port: int
) -> None:
    stream = make_stream(url=f"rtsp://user:s3cret@{LOOPBACK}:{closed_port}/live")
    masked = f"rtsp://user:***@{LOOPBACK}:{closed_port}/other"
    assert api.ask("POST", "/probe", {"url": masked, "stream": stream}).code == "connection_refused"
    other_host = masked.replace(LOOPBACK, "localhost")
    assert api.ask("POST", "/probe", {"url": other_host, "stream": stream}).paths == ["url"]
