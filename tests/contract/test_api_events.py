"""The event stream: order, resume, resync, filters, comments, and readers that are too slow."""

from collections.abc import Callable, Generator
import socket
import time
from typing import Any

import pytest

from wallflower_sidecar.api.events import Pace

from .api_client import LOOPBACK, Api, is_served, running_api
from .event_reader import ServerSentEvent

FINAL = "types=transcript.final"


def say(api: Api, stream: str, text: str, **more: Any) -> dict[str, Any]:
    """Simulate a sentence."""
    document: dict[str, Any] = api.ask("POST", f"/streams/{stream}/simulate", {"text": text, **more}).document
    return document


def texts(events: list[ServerSentEvent]) -> list[str]:
    """The words of finals."""
    return [event.data["text"] for event in events]


def test_a_new_listener_hears_new_events_only(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    say(api, stream, "before")
    with api.events(f"?stream={stream}") as reader:
        segment = say(api, stream, "after")["segment"]
        event = reader.next()
    assert (event.type, event.data) == ("transcript.final", segment)
    assert isinstance(event.id, int)


def test_the_answer_is_an_event_stream_that_nobody_keeps(api: Api) -> None:
    with api.events() as reader:
        headers = reader.response.headers
    assert headers["Content-Type"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Accel-Buffering"] == "no"
    assert headers["X-Request-ID"]


def test_the_final_comes_before_its_hits(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream(keywords=[{"id": "help", "phrases": ["help"]}])
    with api.events(f"?stream={stream}") as reader:
        said = say(api, stream, "help")
        final, hit = reader.next(), reader.next()
    assert (final.type, hit.type) == ("transcript.final", "keyword.detected")
    assert hit.data == said["hits"][0]
    assert final.id is not None
    assert hit.id is not None
    assert final.id < hit.id


@pytest.mark.parametrize("by", ["header", "parameter"])
def test_what_was_missed_comes_first_and_in_order(api: Api, make_stream: Callable[..., str], by: str) -> None:
    stream = make_stream()
    with api.events(f"?stream={stream}&{FINAL}") as reader:
        say(api, stream, "seen")
        last = reader.next().id
    for number in range(5):
        say(api, stream, f"missed {number}")
    query = f"?stream={stream}&{FINAL}" + (f"&after={last}" if by == "parameter" else "")
    headers = {"Last-Event-ID": str(last)} if by == "header" else {}
    with api.events(query, headers) as reader:
        say(api, stream, "new")
        events = [reader.next() for _ in range(6)]
    assert texts(events) == [*(f"missed {number}" for number in range(5)), "new"]
    assert [event.id for event in events] == sorted({event.id for event in events if event.id is not None})


def test_the_header_wins_over_the_parameter(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    with api.events(f"?stream={stream}&{FINAL}") as reader:
        say(api, stream, "one")
        say(api, stream, "two")
        first, second = reader.next(), reader.next()
    with api.events(f"?stream={stream}&{FINAL}&after={first.id}", {"Last-Event-ID": str(second.id)}) as reader:
        say(api, stream, "three")
        assert reader.next().data["text"] == "three"


@pytest.mark.parametrize("unknown", ["999999999999", "9223372036854775807", "9223372036854775808", "9" * 40])
def test_an_id_that_was_never_given_brings_one_resync_then_new_events(
    api: Api, make_stream: Callable[..., str], unknown: str
) -> None:
    stream = make_stream()
    say(api, stream, "old")
    with api.events(f"?stream={stream}", {"Last-Event-ID": unknown}) as reader:
        resync = reader.next()
        say(api, stream, "new")
        event = reader.next()
    assert resync.type == "resync"
    assert set(resync.data) == {"oldest", "newest"}
    assert resync.id == resync.data["newest"]
    assert resync.data["oldest"] <= resync.data["newest"]
    assert event.data["text"] == "new"
    assert event.id is not None
    assert resync.id is not None
    assert event.id > resync.id


@pytest.mark.parametrize("value", ["-1", "abc", "1.5", "1e3", "0x10", "9" * 41, " ", "%2B1", "%D9%A3"])
def test_a_malformed_id_is_invalid(api: Api, value: str) -> None:
    assert api.ask("GET", f"/events?after={value.replace(' ', '%20')}").paths == ["after"]
    if value.strip() and "%" not in value:
        assert api.ask("GET", "/events", headers={"Last-Event-ID": value}).paths == ["Last-Event-ID"]


@pytest.mark.parametrize(
    "types",
    ["", "nonsense", "transcript.final,", "transcript.final, keyword.detected", "resync", "Transcript.Final"],
)
def test_an_unknown_type_is_invalid(api: Api, types: str) -> None:
    assert api.ask("GET", f"/events?types={types.replace(' ', '%20')}").paths == ["types"]


def test_only_the_wanted_types_come(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream(keywords=[{"id": "help", "phrases": ["help"]}])
    with api.events(f"?types=keyword.detected,stream.removed&stream={stream}") as reader:
        say(api, stream, "help")
        api.ask("DELETE", f"/streams/{stream}")
        assert [reader.next().type, reader.next().type] == ["keyword.detected", "stream.removed"]


def test_only_the_wanted_stream_comes(api: Api, make_stream: Callable[..., str]) -> None:
    stream, other = make_stream(), make_stream()
    with api.events(f"?stream={stream}") as reader:
        say(api, other, "elsewhere")
        say(api, stream, "here")
        assert reader.next().data["text"] == "here"


def test_changes_of_a_stream_are_told_without_its_password(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream(url="rtsp://user:s3cret@camera.invalid/")
    with api.events(f"?stream={stream}&types=stream.changed,stream.removed") as reader:
        api.ask("PATCH", f"/streams/{stream}", {"name": "Renamed"})
        changed = reader.until(lambda event: event.data.get("name") == "Renamed")
        api.ask("DELETE", f"/streams/{stream}")
        removed = reader.until(lambda event: event.type == "stream.removed")
    assert changed.data["url"] == "rtsp://user:***@camera.invalid/"
    assert removed.data == {"stream": stream}


def test_a_change_that_changes_nothing_is_not_told(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    with api.events(f"?stream={stream}") as reader:
        api.ask("PATCH", f"/streams/{stream}", {"name": "A camera"})
        api.ask("PATCH", f"/streams/{stream}", {})
        say(api, stream, "next")
        assert reader.next().type == "transcript.final"


def test_live_events_have_no_id_and_are_not_replayed(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream(store="nothing")
    with api.events(f"?stream={stream}&{FINAL}") as reader:
        say(api, stream, "unkept")
        live = reader.next()
    assert (live.id, live.data["id"], live.data["text"]) == (None, None, "unkept")
    api.ask("PATCH", f"/streams/{stream}", {"store": "all"})
    with api.events(f"?stream={stream}&{FINAL}") as reader:
        say(api, stream, "kept")
        last = reader.next().id
    assert last is not None
    with api.events(f"?stream={stream}&{FINAL}&after={last - 1}") as reader:
        assert reader.next().data["text"] == "kept"


def test_forgotten_words_are_passed_over_in_a_replay(api: Api, make_stream: Callable[..., str]) -> None:
    stream, other = make_stream(), make_stream()
    with api.events(FINAL and f"?{FINAL}") as reader:
        say(api, stream, "start")
        last = reader.next().id
    say(api, stream, "to be forgotten")
    say(api, other, "to be kept")
    api.ask("DELETE", f"/transcripts?stream={stream}")
    with api.events(f"?{FINAL}&after={last}") as reader:
        assert reader.next().data["text"] == "to be kept"


def test_many_missed_events_come_without_gap_or_repetition_while_new_ones_happen(
    api: Api, make_stream: Callable[..., str]
) -> None:
    stream = make_stream()
    with api.events(f"?stream={stream}&{FINAL}") as reader:
        say(api, stream, "0")
        last = reader.next().id
    for number in range(1, 200):
        say(api, stream, str(number))
    with api.events(f"?stream={stream}&{FINAL}&after={last}") as reader:
        for number in range(200, 230):
            say(api, stream, str(number))
        events = [reader.next() for _ in range(229)]
    assert texts(events) == [str(number) for number in range(1, 230)]


@pytest.fixture
def quick(tmp_path: Any) -> Generator[Api]:
    """A server whose comments come often and whose patience is short."""
    with running_api(tmp_path, pace=Pace(comment_s=0.2, stall_s=0.5)) as (api, _):
        yield api


def test_comments_show_that_a_silent_stream_lives(quick: Api) -> None:
    with quick.events("?types=recording.saved") as reader:
        assert reader.block()[0].startswith(":")
        assert reader.block()[0].startswith(":")


def test_comments_come_every_15_s() -> None:
    assert Pace().comment_s == 15


def test_a_reader_that_takes_nothing_is_cut_off_and_delays_nobody(quick: Api) -> None:
    stream = "busy"
    quick.ask("PUT", f"/streams/{stream}", {"name": "Busy", "url": "rtsp://h/", "enabled": False})
    with socket.socket() as sleeper:
        sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sleeper.connect((LOOPBACK, quick.port))
        head = f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {quick.token}\r\n\r\n"
        sleeper.sendall(head.encode())
        with quick.events(f"?stream={stream}&{FINAL}") as reader:
            deadline = time.monotonic() + 60
            while is_served(sleeper):
                assert time.monotonic() < deadline, "the reader was not cut off"
                said = say(quick, stream, "words " * 1600)
                assert reader.next().data["id"] == said["segment"]["id"]


def test_a_stop_ends_open_streams_and_open_connections_within_seconds(tmp_path: Any) -> None:
    with (
        running_api(tmp_path) as (api, background),
        api.events() as reader,
        socket.create_connection((LOOPBACK, api.port)) as idle,
    ):
        half = b"PUT /api/v1/streams/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
        idle.sendall(half + f"Authorization: Bearer {api.token}\r\n\r\n".encode() + b"{")
        started = time.monotonic()
        background.stop()
        assert time.monotonic() - started < 9
        with pytest.raises(EOFError):
            reader.until(lambda _: False)


def test_a_stop_ends_an_event_stream_in_good_order(tmp_path: Any) -> None:
    with running_api(tmp_path) as (api, background), socket.create_connection((LOOPBACK, api.port), 10) as link:
        link.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n\r\n".encode())
        begun = link.recv(65536)
        background.stop()
        rest = b"".join(iter(lambda: link.recv(65536), b""))
    assert begun.startswith(b"HTTP/1.1 200 ")
    assert (begun + rest).endswith(b"0\r\n\r\n")
