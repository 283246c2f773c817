"""The event stream's lines, cut anywhere."""

from itertools import combinations

import pytest

from custom_components.wallflower import sse
from custom_components.wallflower.exceptions import WallflowerProtocolError
from custom_components.wallflower.sse import ServerSentEvent, SseParser


def parse(*chunks: bytes) -> list[ServerSentEvent]:
    parser = SseParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_end_in_any_of_three_ways_and_may_be_cut_anywhere(end: bytes) -> None:
    stream = end.join([b": hi", b"id: 7", b"event: a", b"data: \xc3\xa4", b"data:  b", b"", b"data: c", b"", b""])
    expected = [ServerSentEvent(7, "a", "ä\n b"), ServerSentEvent(None, "message", "c")]

    assert parse(stream) == expected
    assert parse(*(stream[i : i + 1] for i in range(len(stream)))) == expected
    for first, second in combinations(range(1, len(stream)), 2):
        assert parse(stream[:first], stream[first:second], stream[second:]) == expected


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"id: 3\n\n", []),  # a tombstone: nothing happened
        (b"\xef\xbb\xbfdata: x\n\n", [ServerSentEvent(None, "message", "x")]),
        (b"data:x\n\n", [ServerSentEvent(None, "message", "x")]),
        (b"data\n\n", [ServerSentEvent(None, "message", "")]),
        (b"id: x7\ndata: x\n\n", [ServerSentEvent(None, "message", "x")]),
        (b"id: -7\ndata: x\n\n", [ServerSentEvent(None, "message", "x")]),
        (b"retry: 1\nunknown: 2\n:\ndata: x\n\n", [ServerSentEvent(None, "message", "x")]),
        (b"data: \xff\n\n", [ServerSentEvent(None, "message", "\ufffd")]),
        (b"id: 1\ndata: a\n\ndata: b\n\n", [ServerSentEvent(1, "message", "a"), ServerSentEvent(None, "message", "b")]),
        (b"data: never ended\n", []),
    ],
)
def test_what_lines_mean(stream: bytes, events: list[ServerSentEvent]) -> None:
    assert parse(stream) == events


def test_a_line_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_LINE_BYTES", 100)

    with pytest.raises(WallflowerProtocolError):
        parse(b"data: ", b"x" * 50, b"x" * 50)


def test_an_event_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_DATA_CHARS", 100)

    with pytest.raises(WallflowerProtocolError):
        parse(*[b"data: " + b"x" * 30 + b"\n"] * 4)


def test_events_within_the_bounds_are_counted_each_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_DATA_CHARS", 100)

    assert len(parse(*[b"data: " + b"x" * 90 + b"\n\n"] * 4)) == 4
