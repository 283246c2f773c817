"""What was said: searched with any input, filtered, and forgotten."""

from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest

from .api_client import Api, pages


def say(api: Api, stream: str, *texts: str) -> list[str]:
    """Simulate sentences; returns their ids."""
    return [api.ask("POST", f"/streams/{stream}/simulate", {"text": text}).document["segment"]["id"] for text in texts]


def found(api: Api, **query: str) -> list[str]:
    """The texts that a search finds."""
    answer = api.ask("GET", f"/transcripts?{urlencode(query)}")
    assert answer.status == 200, answer
    return [item["text"] for item in answer.document["items"]]


def test_without_q_the_newest_come_first(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    say(api, stream, "one", "two", "three")
    assert found(api, stream=stream) == ["three", "two", "one"]
    items = api.ask("GET", f"/transcripts?stream={stream}").document["items"]
    assert {item["highlight"] for item in items} == {None}


def test_all_words_must_occur_in_any_case_and_accent(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    say(api, stream, "The parcel is at the door", "A parcel for Müller", "The door is open")
    assert found(api, stream=stream, q="DOOR parcel") == ["The parcel is at the door"]
    assert found(api, stream=stream, q="muller") == ["A parcel for Müller"]
    assert found(api, stream=stream, q="door parcel Müller") == []
    item = api.ask("GET", f"/transcripts?stream={stream}&q=muller").document["items"][0]
    assert "Müller" in item["highlight"]
    assert item["highlight"] != item["text"]


def test_phrases_exclusions_and_prefixes(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    say(api, stream, "help me now", "me now help", "helping hands", "no help desk")
    assert found(api, stream=stream, q='"help me"') == ["help me now"]
    assert set(found(api, stream=stream, q="help -desk")) == {"help me now", "me now help"}
    assert set(found(api, stream=stream, q="helpi*")) == {"helping hands"}


@pytest.mark.parametrize(
    "q",
    [
        "",
        " ",
        '"',
        '""',
        '"unclosed',
        "-",
        "--",
        "-only",
        "*",
        "**",
        "a*b*",
        "(",
        ")",
        "a AND",
        "NOT",
        "OR OR",
        "NEAR(a b)",
        "text:door",
        "{a b}",
        "^a",
        "a+b",
        "'; DROP TABLE segments; --",
        "%",
        "_",
        "\x00",
        "a\x00b",
        "\x1b[31m",
        "\u202e",
        "👩‍👩‍👧",
        "ü" * 500,
        "a " * 2000,
        '"a" ' * 500,
        "-a " * 500,
        "\n\t\r",
        "\\",
        "ﬁ ½ Ⅳ",
        "1.5",
        "don't",
        "x" * 20_000,
    ],
)
def test_no_search_is_an_error(api: Api, make_stream: Callable[..., str], q: str) -> None:
    stream = make_stream()
    say(api, stream, "the text of a door")
    for query in (f"q={quote(q)}", f"q={quote(q)}&stream={stream}&limit=1", f"q={quote(q)}&rule=x&speaker=y"):
        assert api.ask("GET", f"/transcripts?{query}").status == 200


def test_filters_narrow_and_are_optional(api: Api, make_stream: Callable[..., str]) -> None:
    stream, other = make_stream(keywords=[{"id": "door", "phrases": ["door"]}]), make_stream()
    say(api, stream, "the door", "the window")
    say(api, other, "the door")
    assert found(api, stream=stream, rule="door") == ["the door"]
    assert found(api, stream=stream, rule="no-such-rule") == []
    assert found(api, stream=stream, speaker="nobody") == []
    assert found(api, stream=other) == ["the door"]
    start = api.ask("GET", f"/transcripts?stream={stream}").document["items"][0]["start"]
    assert found(api, stream=stream, **{"from": start}) == ["the window"]
    assert found(api, stream=stream, **{"from": "2100-01-01T00:00:00Z"}) == []
    assert found(api, stream=stream, to="2000-01-01T00:00:00Z") == []


def test_several_streams_are_searched_at_once(api: Api, make_stream: Callable[..., str]) -> None:
    door, pool, attic = make_stream(), make_stream(), make_stream()
    for stream in (door, pool, attic):
        say(api, stream, "raspberry one", "raspberry two")
    both = f"stream={door}&stream={attic}"
    for query in (both, f"{both}&q=raspberry"):
        items = [item for items in pages(api, f"/transcripts?{query}", 3) for item in items]
        assert sorted(item["stream"] for item in items) == sorted([door, door, attic, attic])
    assert api.ask("GET", f"/transcripts?stream={door}&stream=no-such-stream").status == 404
    assert api.ask("GET", f"/transcripts?stream={door}&stream=BAD").status == 422


def test_a_search_is_paged_without_gap_or_repetition(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    ids = say(api, stream, *[f"apple {number} {'pie ' * (number % 4)}" for number in range(11)])
    for query in ("", "&q=apple", "&q=apple+pie"):
        whole = [item["id"] for item in api.ask("GET", f"/transcripts?stream={stream}{query}").document["items"]]
        paged = [item["id"] for items in pages(api, f"/transcripts?stream={stream}{query}", 3) for item in items]
        assert paged == whole
        assert set(paged) <= set(ids)


@pytest.mark.parametrize("parameter", ["rule", "speaker"])
@pytest.mark.parametrize("value", ["", "x" * 101, "%00", "a%0Ab"])
def test_a_malformed_rule_or_speaker_is_invalid(api: Api, parameter: str, value: str) -> None:
    assert api.ask("GET", f"/transcripts?{parameter}={value}").paths == [parameter]


def test_deleting_needs_a_filter(api: Api) -> None:
    answer = api.ask("DELETE", "/transcripts")
    assert (answer.status, answer.code) == (422, "invalid")


@pytest.mark.parametrize("query", ["q=x", "limit=1", "rule=x", "stream=x&q=y"])
def test_deleting_takes_no_other_filters(api: Api, query: str) -> None:
    assert api.ask("DELETE", f"/transcripts?{query}").status == 422


def test_what_is_deleted_is_found_no_more(api: Api, make_stream: Callable[..., str]) -> None:
    stream, other = make_stream(), make_stream()
    say(api, stream, "xylophone one", "xylophone two")
    say(api, other, "xylophone three")
    answer = api.ask("DELETE", f"/transcripts?stream={stream}")
    assert (answer.status, answer.document) == (200, {"deleted": 2})
    assert found(api, q="xylophone") == ["xylophone three"]
    assert api.ask("DELETE", f"/transcripts?stream={stream}").document == {"deleted": 0}


def test_deleting_by_time_spares_the_rest(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    say(api, stream, "first", "second")
    start = api.ask("GET", f"/transcripts?stream={stream}").document["items"][0]["start"]
    deleted = api.ask("DELETE", f"/transcripts?stream={stream}&from={start}").document
    assert deleted == {"deleted": 1}
    assert found(api, stream=stream) == ["first"]
