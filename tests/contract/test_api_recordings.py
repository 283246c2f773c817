"""Recordings are listed, played in part or whole, cut into clips, kept and deleted."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.utils import format_datetime
import logging
import os
from pathlib import Path
import socket
import time
from typing import Any

import pytest

from tests.support.clips import Picture, camera_clip
from tests.support.footage import Filmed, as_open, film
from tests.support.recorded import MORNING, at
from tests.support.sentences import SENTENCES
from tests.support.speech import compose
from tests.support.watching import watch
from wallflower_sidecar.api import file_answers
from wallflower_sidecar.domain.clock import format_time

from .api_client import Api, Background, pages, take_in
from .contract_shapes import Answer

UNKNOWN = "019a0000-0000-7000-8000-000000000000"
MP4 = "video/mp4"


@pytest.fixture(scope="session")
def clip() -> Path:
    return camera_clip(compose(SENTENCES[:6], pause_s=1.0), Picture(width=320, height=180))


@pytest.fixture
def root(background: Background) -> Path:
    return background.service.recordings.root


@pytest.fixture
def filmed(
    api: Api, background: Background, root: Path, clip: Path, make_stream: Callable[..., str]
) -> Callable[..., tuple[str, list[Filmed], list[dict[str, Any]]]]:
    """Records a stream; returns its id, the files and what the list says of them, oldest first."""

    def record(count: int = 3, **fields: Any) -> tuple[str, list[Filmed], list[dict[str, Any]]]:
        stream = make_stream()
        files = film(root, clip, stream=stream, count=count, **fields)
        take_in(background, stream, files)
        return stream, files, listed(api, stream, count)

    return record


def listed(api: Api, stream: str, count: int) -> list[dict[str, Any]]:
    """The recordings of a stream, oldest first, once there are so many."""
    deadline = time.monotonic() + 10
    items: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        items = api.ask("GET", f"/recordings?stream={stream}").document["items"]
        if len(items) == count:
            return items[::-1]
        time.sleep(0.05)
    raise AssertionError(items)


def moment(seconds: float) -> str:
    return format_time(at(seconds))


def clip_of(api: Api, stream: str, begin_s: float, end_s: float, **headers: str) -> Answer:
    return get(api, f"/clips?stream={stream}&from={moment(begin_s)}&to={moment(end_s)}", **headers)


def get(api: Api, path: str, **headers: str) -> Answer:
    return api.ask("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def seen(answer: Answer, folder: Path) -> Any:
    (folder / "answer.mp4").write_bytes(answer.raw)
    return watch(folder / "answer.mp4")


def test_a_list_is_newest_first_with_the_contract_s_fields(api: Api, filmed: Callable[..., Any]) -> None:
    stream, files, _ = filmed()
    items = api.ask("GET", f"/recordings?stream={stream}").document["items"]
    assert [item["start"] for item in items] == [format_time(each.start) for each in reversed(files)]
    assert items[0].keys() == {"id", "stream", "start", "end", "bytes", "kind"}
    assert (items[0]["stream"], items[0]["kind"]) == (stream, "segment")
    assert items[0]["bytes"] == files[-1].path.stat().st_size


@pytest.mark.parametrize(
    ("begin_s", "end_s", "expected"),
    [(None, 4.0, [0]), (4.0, None, [1, 2]), (3.0, 5.0, [0, 1]), (4.5, 4.6, [1]), (100, 200, []), (-9, 0, [])],
)
def test_a_range_lists_what_overlaps_it(
    api: Api, filmed: Callable[..., Any], begin_s: float | None, end_s: float | None, expected: list[int]
) -> None:
    stream, files, _ = filmed()
    span = [f"&{name}={moment(each)}" for name, each in (("from", begin_s), ("to", end_s)) if each is not None]
    items = api.ask("GET", f"/recordings?stream={stream}{''.join(span)}").document["items"]
    assert [item["start"] for item in items[::-1]] == [format_time(files[index].start) for index in expected]


def test_a_cursor_stays_right_while_new_ones_arrive(
    api: Api, background: Background, root: Path, clip: Path, filmed: Callable[..., Any]
) -> None:
    stream, _, items = filmed(5, segment_s=2.0)
    seen_ids: list[str] = []
    for page in pages(api, f"/recordings?stream={stream}", 2):
        seen_ids += [item["id"] for item in page]
        if len(seen_ids) == 2:
            newer = film(root, clip, stream=stream, start=at(3600), count=1)
            take_in(background, stream, newer)
            listed(api, stream, 6)
    assert seen_ids == [item["id"] for item in items[::-1]]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", ["limit"]),
        ("limit=1001", ["limit"]),
        ("cursor=x", ["cursor"]),
        ("cursor=%00", ["cursor"]),
        ("stream=..%2F..", ["stream"]),
        ("stream=", ["stream"]),
        ("from=yesterday", ["from"]),
        ("from=2026-11-22T08:00:00Z&to=2026-11-22T07:00:00Z", ["to"]),
        ("kind=clip", ["kind"]),
        ("from=1&from=2", ["from", "from"]),
    ],
)
def test_bad_filters_are_refused_by_name(api: Api, query: str, named: list[str]) -> None:
    answer = api.ask("GET", f"/recordings?{query}")
    assert (answer.status, answer.paths) == (422, named)


@pytest.mark.parametrize("edge", ["0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("name", ["from", "to"])
def test_the_ends_of_time_are_taken(api: Api, make_stream: Callable[..., str], edge: str, name: str) -> None:
    stream = make_stream()
    assert api.ask("GET", f"/recordings?stream={stream}&{name}={edge}").status == 200
    start, end = (edge[:17] + "58Z", edge) if edge.startswith("9") else (edge, f"0001{edge[4:17]}30Z")
    assert api.ask("GET", f"/clips?stream={stream}&from={start}&to={end}").status == 404


def test_an_unknown_stream_is_not_found_a_removed_one_with_recordings_is(api: Api, filmed: Callable[..., Any]) -> None:
    stream, _, items = filmed(1)
    assert api.ask("GET", "/recordings?stream=nobody").status == 404
    assert clip_of(api, "nobody", 0, 4).status == 404
    assert api.ask("DELETE", f"/streams/{stream}").status == 204
    assert [item["id"] for item in listed(api, stream, 1)] == [items[0]["id"]]
    assert clip_of(api, stream, 0, 4).status == 200


def test_purging_a_stream_takes_its_recordings_and_clips(
    api: Api, root: Path, filmed: Callable[..., Any], background: Background
) -> None:
    stream, files, items = filmed(2)
    assert clip_of(api, stream, 0, 4).status == 200
    assert api.ask("DELETE", f"/streams/{stream}?purge=true").status == 204
    assert not any(each.path.exists() for each in files)
    assert not cached(root, stream)
    assert api.ask("GET", f"/recordings/{items[0]['id']}").status == 404
    assert api.ask("GET", f"/recordings?stream={stream}").status == 404


def test_a_recording_is_answered_as_it_lies_on_disk(api: Api, filmed: Callable[..., Any]) -> None:
    stream, files, items = filmed(1)
    answer = get(api, f"/recordings/{items[0]['id']}")
    assert answer.raw == files[0].path.read_bytes()
    assert answer.headers["Content-Type"] == MP4
    assert answer.headers["Accept-Ranges"] == "bytes"
    disposition = f'inline; filename="{stream}_20261122T072042Z_segment.mp4"'
    assert answer.headers["Content-Disposition"] == disposition
    head = api.ask("HEAD", f"/recordings/{items[0]['id']}")
    for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified", "Accept-Ranges", "Content-Disposition"):
        assert head.headers[name] == answer.headers[name]


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, None),
        ("bytes=-50", -50, None),
        ("bytes=10-10", 10, 11),
        ("bytes=5-99999999999", 5, None),
        ("BYTES=0-0", 0, 1),
        ("bytes=-99999999999", 0, None),
    ],
)
def test_a_part_is_answered(api: Api, filmed: Callable[..., Any], asked: str, begin: int, end: int | None) -> None:
    _, files, items = filmed(1)
    raw = files[0].path.read_bytes()
    answer = get(api, f"/recordings/{items[0]['id']}", Range=asked)
    expected = raw[begin:end]
    first = begin % len(raw)
    assert (answer.status, answer.raw) == (206, expected)
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{len(raw)}"
    assert int(answer.headers["Content-Length"]) == len(expected)


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0", "bytes=99999999-99999999999"])
def test_a_part_beyond_the_end_is_a_problem(api: Api, filmed: Callable[..., Any], asked: str) -> None:
    _, files, items = filmed(1)
    answer = get(api, f"/recordings/{items[0]['id']}", Range=asked)
    assert (answer.status, answer.code) == (416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{files[0].path.stat().st_size}"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=-", "bytes=a-b", "bytes", "", "items=0-5", "bytes=0-1,5-6", "bytes=0-1;2", "x" * 3000]
)
def test_a_range_that_is_none_and_several_at_once_are_ignored(api: Api, filmed: Callable[..., Any], asked: str) -> None:
    _, files, items = filmed(1)
    answer = get(api, f"/recordings/{items[0]['id']}", Range=asked)
    assert (answer.status, answer.raw) == (200, files[0].path.read_bytes())


def test_a_player_that_goes_on_gets_all_of_another_file(api: Api, filmed: Callable[..., Any]) -> None:
    _, files, items = filmed(1)
    path = f"/recordings/{items[0]['id']}"
    whole = get(api, path)
    etag, modified = whole.headers["ETag"], whole.headers["Last-Modified"]
    for same in (etag, modified):
        assert get(api, path, Range="bytes=0-9", If_Range=same).status == 206
    for other in ('"another"', f"W/{etag}", "Sat, 01 Jan 2000 00:00:00 GMT", "nonsense", ""):
        answer = get(api, path, Range="bytes=0-9", If_Range=other)
        assert (answer.status, len(answer.raw)) == (200, files[0].path.stat().st_size), other


def test_conditions(api: Api, filmed: Callable[..., Any]) -> None:
    _, _, items = filmed(1)
    path = f"/recordings/{items[0]['id']}"
    whole = get(api, path)
    etag, modified = whole.headers["ETag"], whole.headers["Last-Modified"]
    earlier = format_datetime(MORNING - timedelta(days=9000), usegmt=True)
    for known in ({"If_None_Match": etag}, {"If_None_Match": f'"x", W/{etag}'}, {"If_Modified_Since": modified}):
        answer = get(api, path, **known)
        assert (answer.status, answer.raw, answer.headers["ETag"]) == (304, b"", etag)
    for other in ({"If_None_Match": '"x"'}, {"If_Modified_Since": earlier}, {"If_Match": etag}, {"If_Match": "*"}):
        assert get(api, path, **other).status == 200
    for unmet in ({"If_Match": '"x"'}, {"If_Unmodified_Since": earlier}):
        assert get(api, path, **unmet).code == "precondition_failed"
    for broken in ({"If_None_Match": "x,,"}, {"If_Modified_Since": "yesterday"}, {"If_Unmodified_Since": ""}):
        assert get(api, path, **broken).status == 200


def test_who_takes_nothing_is_cut_off(
    api: Api, filmed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(file_answers, "STALLED_S", 0.3)
    _, files, items = filmed(1)
    os.truncate(files[0].path, 50_000_000)
    with socket.create_connection(("127.0.0.1", api.port), 10) as link:
        link.sendall(_request(api, f"/recordings/{items[0]['id']}"))
        assert link.recv(12) == b"HTTP/1.1 200"
        time.sleep(1.0)
        assert sum(map(len, iter(lambda: link.recv(1_000_000), b""))) < 50_000_000
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert api.ask("GET", f"/recordings/{items[0]['id']}").status == 200, "and others are answered"


def test_who_leaves_in_the_middle_is_no_error(
    api: Api, filmed: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    stream, files, items = filmed(1)
    os.truncate(files[0].path, 50_000_000)
    cutting = f"/clips?stream={stream}&from={moment(0)}&to={moment(3)}"
    for path in (f"/recordings/{items[0]['id']}", cutting):
        with socket.create_connection(("127.0.0.1", api.port), 10) as link:
            link.sendall(_request(api, path))
            time.sleep(0.1)
        assert api.ask("GET", "/info").status == 200
    time.sleep(0.5)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_file_that_becomes_shorter_while_it_is_sent_is_no_whole_answer(api: Api, filmed: Callable[..., Any]) -> None:
    _, files, items = filmed(1)
    os.truncate(files[0].path, 50_000_000)
    with socket.create_connection(("127.0.0.1", api.port), 10) as link:
        link.sendall(_request(api, f"/recordings/{items[0]['id']}"))
        assert link.recv(12) == b"HTTP/1.1 200"
        os.truncate(files[0].path, 100_000)
        received = sum(map(len, iter(lambda: link.recv(1_000_000), b"")))
    assert received < 50_000_000


def _request(api: Api, path: str) -> bytes:
    head = f"GET /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n\r\n"
    return head.encode()


def test_a_recording_whose_file_is_gone_is_not_found(api: Api, filmed: Callable[..., Any]) -> None:
    _, files, items = filmed(1)
    files[0].path.unlink()
    assert api.ask("GET", f"/recordings/{items[0]['id']}").status == 404


@pytest.mark.parametrize("kind", ["link", "folder", "fifo"])
def test_what_is_no_file_of_ours_is_not_followed(api: Api, filmed: Callable[..., Any], kind: str) -> None:
    _, files, items = filmed(1)
    files[0].path.unlink()
    match kind:
        case "link":
            files[0].path.symlink_to("/etc/passwd")
        case "folder":
            files[0].path.mkdir()
        case "fifo":
            os.mkfifo(files[0].path)
    answer = api.ask("GET", f"/recordings/{items[0]['id']}")
    assert answer.status == 404


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD"])
@pytest.mark.parametrize(
    "name",
    ["..", "%2e%2e", "..%2F..%2Fwallflower.db", "%00", "x", UNKNOWN.upper(), UNKNOWN + "%0a", "{id}", "a" * 3000],
)
def test_an_id_that_is_none_leads_nowhere(api: Api, method: str, name: str) -> None:
    assert api.ask(method, f"/recordings/{name}").status in {404, 405, 422}


def test_a_deleted_recording_is_gone_from_disk_with_what_was_cut_of_it(
    api: Api, root: Path, filmed: Callable[..., Any]
) -> None:
    stream, files, items = filmed(2)
    assert clip_of(api, stream, 0, 6).status == 200
    assert cached(root, stream)
    assert api.ask("DELETE", f"/recordings/{items[0]['id']}").status == 204
    assert not files[0].path.exists()
    assert not cached(root, stream)
    assert [item["id"] for item in listed(api, stream, 1)] == [items[1]["id"]]
    assert api.ask("DELETE", f"/recordings/{items[0]['id']}").status == 404
    assert api.ask("GET", f"/recordings/{UNKNOWN}").status == 404


def test_a_clip_spans_files_and_says_where_it_begins_and_ends(
    api: Api, filmed: Callable[..., Any], tmp_path: Path
) -> None:
    stream, _, _ = filmed(3)
    answer = clip_of(api, stream, 3.3, 9.5)
    assert (answer.status, answer.headers["Content-Type"]) == (200, MP4)
    assert answer.headers["Content-Disposition"] == f'inline; filename="{stream}_20261122T072044Z.mp4"'
    assert since(answer.headers["Wallflower-Clip-Start"]) == pytest.approx(2.0, abs=0.01)
    assert since(answer.headers["Wallflower-Clip-End"]) == pytest.approx(9.5, abs=0.1)
    shown = seen(answer, tmp_path)
    assert shown.begins_with_key_frame
    assert shown.index_first
    assert shown.duration_s == pytest.approx(7.5, abs=0.15)
    assert shown.sound_s == pytest.approx(7.5, abs=0.2)


def test_the_parts_of_a_clip_are_of_one_file(api: Api, root: Path, filmed: Callable[..., Any]) -> None:
    stream, _, _ = filmed(3)
    whole = clip_of(api, stream, 1, 9)
    files = cached(root, stream)
    half = len(whole.raw) // 2
    parts = [
        clip_of(api, stream, 1, 9, Range=f"bytes={span}", If_Range=whole.headers["ETag"])
        for span in (f"0-{half - 1}", f"{half}-")
    ]
    assert [part.status for part in parts] == [206, 206]
    assert b"".join(part.raw for part in parts) == whole.raw
    assert cached(root, stream) == files, "it was cut once"
    path = f"/clips?stream={stream}&from={moment(1)}&to={moment(9)}"
    assert int(api.ask("HEAD", path).headers["Content-Length"]) == len(whole.raw)


def test_a_clip_holds_what_is_being_written_now(
    api: Api, filmed: Callable[..., Any], root: Path, clip: Path, tmp_path: Path
) -> None:
    stream, _, _ = filmed(1)
    opened = film(root, clip, stream=stream, count=2)[1]
    as_open(opened, stream, lost_bytes=1000)
    answer = clip_of(api, stream, 1, 60)
    assert 5 < since(answer.headers["Wallflower-Clip-End"]) < 8
    assert seen(answer, tmp_path).duration_s > 5


def test_nothing_recorded_is_a_sentence(api: Api, filmed: Callable[..., Any]) -> None:
    stream, _, _ = filmed(1)
    for begin_s, end_s in ((100, 200), (-200, -100)):
        answer = clip_of(api, stream, begin_s, end_s)
        assert (answer.status, answer.document["detail"]) == (404, "Nothing was recorded in this time.")


BAD_SPANS = [
    ({}, ["from", "stream", "to"]),
    ({"stream": "x"}, ["from", "to"]),
    ({"stream": "../x", "from": moment(0), "to": moment(1)}, ["stream"]),
    ({"stream": "x", "from": moment(1), "to": moment(0)}, ["to"]),
    ({"stream": "x", "from": moment(1), "to": moment(1)}, ["to"]),
    ({"stream": "x", "from": moment(0), "to": moment(3600.001)}, ["to"]),
    ({"stream": "x", "from": "now", "to": moment(1)}, ["from"]),
    ({"stream": "x", "from": moment(0), "to": "2026-13-01T00:00:00Z"}, ["to"]),
    ({"stream": "x", "from": moment(0), "to": moment(1), "width": "5"}, ["width"]),
]


@pytest.mark.parametrize(("fields", "named"), BAD_SPANS)
def test_a_span_that_is_none_is_refused_by_name(api: Api, fields: dict[str, str], named: list[str]) -> None:
    query = "&".join(f"{name}={value}" for name, value in fields.items())
    asked, kept = api.ask("GET", f"/clips?{query}"), api.ask("POST", "/clips", fields)
    assert (asked.status, sorted(asked.paths)) == (422, named)
    assert (kept.status, sorted(kept.paths)) == (422, named)


@pytest.mark.parametrize(
    "value", [None, 5, 1.5, True, [], {}, "", "\u0000", "1700000000", ["2026-11-22T07:20:42Z"], 10**400]
)
def test_a_kept_clip_takes_times_only(api: Api, value: object) -> None:
    answer = api.ask("POST", "/clips", {"stream": "x", "from": value, "to": value})
    assert (answer.status, sorted(answer.paths)) == (422, ["from", "to"])


@pytest.mark.parametrize("value", [None, 5, True, [], {}, "", "../x", "UPPER", "x" * 65, "x\u0000"])
def test_a_kept_clip_takes_the_id_of_a_stream_only(api: Api, value: object) -> None:
    answer = api.ask("POST", "/clips", {"stream": value, "from": moment(0), "to": moment(1)})
    assert (answer.status, answer.paths) == (422, ["stream"])


def test_a_clip_is_kept_in_the_library_and_told(
    api: Api, root: Path, filmed: Callable[..., Any], tmp_path: Path
) -> None:
    stream, files, _ = filmed(2)
    with api.events(f"?stream={stream}&types=recording.saved") as events:
        answer = api.ask("POST", "/clips", {"stream": stream, "from": moment(1), "to": moment(6)})
        assert answer.status == 201, answer
        told = events.next()
    kept = answer.document
    assert told.data == kept
    assert kept["kind"] == "clip"
    assert since(kept["start"]) == pytest.approx(0.0, abs=0.01)
    assert since(kept["end"]) == pytest.approx(6.0, abs=0.1)
    played = get(api, f"/recordings/{kept['id']}")
    assert len(played.raw) == kept["bytes"]
    assert played.headers["Content-Disposition"].endswith('_clip.mp4"')
    assert seen(played, tmp_path).index_first
    assert not cached(root, stream)
    for each in files:
        each.path.unlink()
    assert get(api, f"/recordings/{kept['id']}").raw == played.raw, "it does not need what it was cut from"
    assert api.ask("DELETE", f"/recordings/{kept['id']}").status == 204


def test_keeping_what_was_watched_leaves_nothing_twice(api: Api, root: Path, filmed: Callable[..., Any]) -> None:
    stream, _, _ = filmed(2)
    watched = clip_of(api, stream, 1, 6)
    kept = api.ask("POST", "/clips", {"stream": stream, "from": moment(1), "to": moment(6)}).document
    assert get(api, f"/recordings/{kept['id']}").raw == watched.raw
    assert not cached(root, stream)
    assert clip_of(api, stream, 1, 6).raw == watched.raw, "and it can be watched again"


def test_two_who_keep_the_same_get_one_each(api: Api, root: Path, filmed: Callable[..., Any]) -> None:
    stream, _, _ = filmed(2)
    body = {"stream": stream, "from": moment(1), "to": moment(6)}
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: api.ask("POST", "/clips", body), range(3)))
    assert [answer.status for answer in answers] == [201, 201, 201]
    assert len({answer.document["id"] for answer in answers}) == 3
    assert len(list((root / stream / "clips").iterdir())) == 3


def test_a_clip_of_nothing_is_not_kept(api: Api, filmed: Callable[..., Any], root: Path) -> None:
    stream, _, _ = filmed(1)
    answer = api.ask("POST", "/clips", {"stream": stream, "from": moment(100), "to": moment(160)})
    assert (answer.status, answer.code) == (404, "not_found")
    answer = api.ask("POST", "/clips", {"stream": "nobody", "from": moment(100), "to": moment(160)})
    assert answer.status == 404
    assert not list((root / stream).glob("clips/*"))


def test_recording_by_hand(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream(enabled=True)
    for action in ("start", "start", "stop", "stop"):
        answer = api.ask("POST", f"/streams/{stream}/recording", {"action": action})
        assert (answer.status, answer.document["id"]) == (200, stream)


@pytest.mark.parametrize("fields", [{"enabled": False}, {"enabled": True, "store": "text"}, {"store": "nothing"}])
def test_recording_by_hand_where_nothing_can_be_kept(
    api: Api, make_stream: Callable[..., str], fields: dict[str, object]
) -> None:
    stream = make_stream(**fields)
    answer = api.ask("POST", f"/streams/{stream}/recording", {"action": "start"})
    assert (answer.status, answer.code) == (409, "conflict")
    assert api.ask("POST", f"/streams/{stream}/recording", {"action": "stop"}).status == 200


@pytest.mark.parametrize(
    "body", [{}, {"action": "pause"}, {"action": None}, {"action": ["start"]}, {"action": "START"}]
)
def test_a_bad_order_is_refused(api: Api, make_stream: Callable[..., str], body: object) -> None:
    answer = api.ask("POST", f"/streams/{make_stream()}/recording", body)
    assert (answer.status, answer.paths) == (422, ["action"])


def test_an_order_for_nobody(api: Api) -> None:
    assert api.ask("POST", "/streams/nobody/recording", {"action": "start"}).status == 404
    assert api.ask("POST", "/streams/nobody/recording", {"action": "stop"}).status == 404
    assert api.ask("POST", "/streams/%2e%2e/recording", {"action": "start"}).status == 422


def test_viewers_may_look_and_no_more(api: Api, filmed: Callable[..., Any]) -> None:
    stream, _, items = filmed(1)
    viewer = api.as_holder_of(api.ask("POST", "/tokens", {"name": "looks on", "role": "viewer"}).document["token"])
    span = f"stream={stream}&from={moment(0)}&to={moment(2)}"
    for path in (f"/recordings?stream={stream}", f"/recordings/{items[0]['id']}", f"/clips?{span}"):
        assert api.ask("GET", path).status == 200
        assert viewer.ask("GET", path).status == 200
        assert api.as_holder_of(None).from_a_new_address().ask("GET", path).status == 401
    assert viewer.ask("DELETE", f"/recordings/{items[0]['id']}").status == 403
    body = {"stream": stream, "from": moment(0), "to": moment(2)}
    assert viewer.ask("POST", "/clips", body).status == 403
    assert viewer.ask("POST", f"/streams/{stream}/recording", {"action": "stop"}).status == 403


def cached(root: Path, stream: str) -> list[Path]:
    """The clips that are kept for players."""
    return sorted((root / ".clips" / stream).glob("*"))


def since(text: str) -> float:
    """Seconds from MORNING."""
    between: timedelta = datetime.fromisoformat(text) - MORNING
    return between.total_seconds()
