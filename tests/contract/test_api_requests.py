"""What holds for every request: unknown names, lists, cursors, times, request ids."""

from collections.abc import Callable
import re
import uuid

import pytest

from .api_client import Api, pages

LISTS = ["/streams", "/tokens", "/transcripts", "/recordings"]


@pytest.mark.parametrize(
    ("method", "path", "named"),
    [
        ("GET", "/info?x=1", ["x"]),
        ("GET", "/health?verbose=1", ["verbose"]),
        ("GET", "/streams?page=2", ["page"]),
        ("GET", "/streams?Limit=2", ["Limit"]),
        ("GET", "/transcripts?query=a&b=c", ["query", "b"]),
        ("GET", "/events?since=1", ["since"]),
        ("DELETE", "/streams/door?force=true", ["force"]),
        ("POST", "/streams/door/restart?now", ["now"]),
        ("GET", "/streams/door/snapshot.jpg?height=5", ["height"]),
        ("GET", "/openapi.json?token=x", ["token"]),
    ],
)
def test_unknown_parameters_are_refused_by_name(api: Api, method: str, path: str, named: list[str]) -> None:
    answer = api.ask(method, path)
    assert (answer.status, answer.paths) == (422, named)


@pytest.mark.parametrize("name", ["limit", "cursor"])
def test_a_parameter_given_twice_is_refused(api: Api, name: str) -> None:
    assert name in api.ask("GET", f"/streams?{name}=5&{name}=5").paths


def test_faults_in_path_query_and_body_are_named_at_once(api: Api) -> None:
    answer = api.ask("PUT", "/streams/BAD?x=1", {"url": "http://x", "y": 1})
    assert sorted(answer.paths) == ["id", "name", "url", "x", "y"]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_has_items_and_next(api: Api, path: str) -> None:
    assert set(api.ask("GET", path).document) == {"items", "next"}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "1001", "-1", "1.5", "ten", "", "1e2", "99999999999999999999", "٣", "+5", " 5"])
def test_a_limit_outside_1_to_1000_is_refused_never_clamped(api: Api, path: str, limit: str) -> None:
    answer = api.ask("GET", f"{path}?limit={limit.replace('+', '%2B').replace(' ', '%20').replace('٣', '%D9%A3')}")
    assert (answer.status, answer.paths) == (422, ["limit"])


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["1", "1000"])
def test_the_ends_of_the_range_are_taken(api: Api, path: str, limit: str) -> None:
    assert api.ask("GET", f"{path}?limit={limit}").status == 200


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("cursor", ["", "x", "%00", "====", "bm9uZQ", "a" * 2000, "%F0%9F%98%80", "-1", "0"])
def test_a_malformed_cursor_is_invalid(api: Api, path: str, cursor: str) -> None:
    answer = api.ask("GET", f"{path}?cursor={cursor}")
    assert (answer.status, answer.paths) == (422, ["cursor"])


def test_a_cursor_of_another_list_is_invalid(api: Api, make_stream: Callable[..., str]) -> None:
    make_stream(), make_stream()
    cursor = api.ask("GET", "/streams?limit=1").document["next"]
    assert api.ask("GET", f"/tokens?cursor={cursor}").paths == ["cursor"]
    assert api.ask("GET", f"/transcripts?cursor={cursor}").paths == ["cursor"]


def test_a_list_gives_100_items_unless_asked(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    for number in range(101):
        api.ask("POST", f"/streams/{stream}/simulate", {"text": f"sentence {number}"})
    answer = api.ask("GET", f"/transcripts?stream={stream}")
    assert len(answer.document["items"]) == 100
    assert answer.document["next"]


def test_a_cursor_stays_right_while_streams_come_and_go(api: Api, make_stream: Callable[..., str]) -> None:
    before = {make_stream() for _ in range(5)}
    seen: list[str] = []
    for items in pages(api, "/streams", 2):
        seen += [item["id"] for item in items]
        # One more on each side of where the list is, and the one that the cursor stands on goes.
        api.ask("PUT", f"/streams/a-first-{len(seen)}", {"name": "x", "url": "rtsp://h/", "enabled": False})
        if items and items[-1]["id"] not in before:
            api.ask("DELETE", f"/streams/{items[-1]['id']}")
    assert len(seen) == len(set(seen))
    assert before <= set(seen)
    assert seen == sorted(seen)


def test_a_cursor_stays_right_while_new_segments_arrive(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    for number in range(7):
        api.ask("POST", f"/streams/{stream}/simulate", {"text": f"old {number}"})
    seen: list[str] = []
    for items in pages(api, f"/transcripts?stream={stream}", 2):
        seen += [item["text"] for item in items]
        api.ask("POST", f"/streams/{stream}/simulate", {"text": "new"})
    assert seen == [f"old {number}" for number in reversed(range(7))]


@pytest.mark.parametrize("given", ["a", "A-b_c.9", "x" * 64])
def test_a_request_id_is_taken_over(api: Api, given: str) -> None:
    for path in ("/info", "/nowhere"):
        answer = api.ask("GET", path, headers={"X-Request-ID": given})
        assert answer.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a/b", "ä", "a\tb", "<script>", "a,b"])
def test_any_other_request_id_is_replaced(api: Api, given: str) -> None:
    answer = api.ask("GET", "/nowhere", headers={"X-Request-ID": given.encode("latin-1").decode("latin-1")})
    made = answer.headers["X-Request-ID"]
    assert made != given
    assert uuid.UUID(made)
    assert answer.document["request_id"] == made


def test_without_a_request_id_each_answer_has_its_own(api: Api) -> None:
    made = [api.ask("GET", "/info").headers["X-Request-ID"] for _ in range(3)]
    assert len(set(made)) == 3


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-22T07:20:42.125Z",
        "2026-11-22T07:20:42Z",
        "2026-11-22t07:20:42z",
        "2026-11-22 07:20:42Z",
        "2026-11-22T08:20:42.125%2B01:00",
        "2026-11-22T08:20:42.125+01:00",
        "2026-11-22T02:20:42.123456789-05:00",
        "2026-11-22T02:20:42-00:00",
        "2026-12-31T23:59:60Z",
        "2024-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00%2B14:00",
        "9999-12-31T23:59:59-23:59",
        "9999-12-31T23:59:60Z",
        "1969-12-31T23:59:59.999Z",
    ],
)
def test_any_rfc_3339_time_with_an_offset_is_taken(api: Api, name: str, moment: str) -> None:
    for method in ("GET", "DELETE"):
        stream = "&stream=no-such" if method == "DELETE" else ""
        answer = api.ask(method, f"/transcripts?{name}={moment.replace(' ', '%20')}{stream}")
        assert answer.status == (404 if stream else 200)


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize(
    "moment",
    [
        "",
        "now",
        "2026-11-22",
        "2026-11-22T07:20:42",
        "2026-11-22T07:20Z",
        "20261122T072042Z",
        "2026-W47-7T07:20:42Z",
        "2026-11-22T07:20:42,125Z",
        "2026-11-22T07:20:42.Z",
        "2026-11-22T07:20:42+1:00",
        "2026-11-22T07:20:42%2B0100",
        "2026-11-22T07:20:42%2B24:00",
        "2026-11-22T07:20:42%2B01:60",
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T07:20:61Z",
        "12026-11-22T07:20:42Z",
        "-2026-11-22T07:20:42Z",
        "%D9%A2026-11-22T07:20:42Z",
        "2026-11-22T07:20:42Z%0A",
        "1764000000",
    ],
)
def test_what_is_no_time_or_has_no_offset_is_invalid(api: Api, name: str, moment: str) -> None:
    answer = api.ask("GET", f"/transcripts?{name}={moment}")
    assert (answer.status, answer.paths) == (422, [name])


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_reversed_range_is_invalid(api: Api, method: str) -> None:
    answer = api.ask(method, "/transcripts?from=2026-11-22T08:00:00Z&to=2026-11-22T08:59:59%2B01:00")
    assert answer.status == 422
    assert set(answer.paths) <= {"from", "to"}


def test_a_range_of_one_moment_is_not_reversed(api: Api) -> None:
    assert api.ask("GET", "/transcripts?from=2026-11-22T08:00:00Z&to=2026-11-22T09:00:00%2B01:00").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/transcripts?stream={}",
        "/events?stream={}",
        "/streams/{}",
        "/streams/{}/errors",
        "/streams/{}/snapshot.jpg",
    ],
)
@pytest.mark.parametrize(
    "stream", ["Door", "-door", "_x", "door%20", "d%C3%B6r", "x" * 65, "a.b", "a%0A", "%2e%2e", "a%2Fb"]
)
def test_a_malformed_stream_id_is_invalid(api: Api, path: str, stream: str) -> None:
    answer = api.ask("GET", path.format(stream))
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.paths == ["stream" if "stream=" in path else "id"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/streams/nobody", None),
        ("PATCH", "/streams/nobody", {}),
        ("DELETE", "/streams/nobody", None),
        ("DELETE", "/streams/nobody?purge=true", None),
        ("POST", "/streams/nobody/restart", None),
        ("POST", "/streams/nobody/simulate", {"text": "hello"}),
        ("GET", "/streams/nobody/errors", None),
        ("GET", "/streams/nobody/snapshot.jpg", None),
        ("GET", "/transcripts?stream=nobody", None),
        ("DELETE", "/transcripts?stream=nobody", None),
        ("GET", "/events?stream=nobody", None),
        ("POST", "/probe", {"url": "rtsp://h/", "stream": "nobody"}),
    ],
)
def test_a_stream_that_does_not_exist_is_not_found(api: Api, method: str, path: str, body: object) -> None:
    answer = api.ask(method, path, body)
    assert (answer.status, answer.code) == (404, "not_found")


def test_times_are_written_in_utc_with_milliseconds(api: Api, make_stream: Callable[..., str]) -> None:
    written = api.ask("GET", f"/streams/{make_stream()}").document["status"]["since"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", written)


def test_private_answers_are_not_to_be_stored(api: Api) -> None:
    answer = api.ask("GET", "/streams")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Server"] == "wallflower"
