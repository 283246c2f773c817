"""Rules of all streams, hits found again, and rules tried on what was said."""

from collections.abc import Callable, Generator
from typing import Any
from urllib.parse import urlencode

import pytest

from .api_client import Answer, Api, Background, pages

HELP = {"id": "house-help", "name": "Help in the house", "phrases": ["help"]}


@pytest.fixture(autouse=True)
def _no_house_rules_left(api: Api) -> Generator[None]:
    yield
    assert api.ask("PUT", "/keywords/rules", {"items": []}).status == 200


def put(api: Api, *rules: dict[str, Any]) -> Answer:
    return api.ask("PUT", "/keywords/rules", {"items": list(rules)})


def say(api: Api, stream: str, text: str, **more: Any) -> dict[str, Any]:
    document: dict[str, Any] = api.ask("POST", f"/streams/{stream}/simulate", {"text": text, **more}).document
    return document


def hits(api: Api, **query: str) -> list[dict[str, Any]]:
    answer = api.ask("GET", f"/keywords/hits?{urlencode(query)}")
    assert answer.status == 200, answer
    items: list[dict[str, Any]] = answer.document["items"]
    return items


def replay(api: Api, body: dict[str, Any], query: str = "") -> Answer:
    return api.ask("POST", f"/keywords/replay{query}", body)


def test_rules_of_the_house_come_back_and_can_be_sent_back(api: Api) -> None:
    assert api.ask("GET", "/keywords/rules").document == {"items": [], "next": None, "rule_faults": []}
    answer = put(api, HELP, {"id": "b", "phrases": ["fire"], "match": "fuzzy", "threshold": 90, "not": ["fire drill"]})
    assert answer.status == 200
    assert [(rule["id"], rule["name"]) for rule in answer.document["items"]] == [
        ("house-help", "Help in the house"),
        ("b", "b"),
    ]
    assert api.ask("GET", "/keywords/rules").document == answer.document
    assert api.ask("PUT", "/keywords/rules", answer.document).document == answer.document


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, {"items"}),
        ({"items": None}, {"items"}),
        ({"items": {}}, {"items"}),
        ({"items": [5]}, {"items[0]"}),
        ({"items": [{}]}, {"items[0].id", "items[0].phrases"}),
        ({"items": [{"id": "a", "phrases": []}]}, {"items[0].phrases"}),
        ({"items": [{"id": "a", "phrases": ["?!"]}]}, {"items[0].phrases[0]"}),
        ({"items": [{"id": "a", "phrases": ["x"]}, {"id": "a", "name": "b", "phrases": ["y"]}]}, {"items[1].id"}),
        ({"items": [{"id": "a", "phrases": ["x"]}, {"id": "b", "name": "a", "phrases": ["y"]}]}, {"items[1].name"}),
        ({"items": [{"id": "a", "phrases": ["ok", "(a+)+$"], "match": "regex"}]}, {"items[0].phrases[1]"}),
        ({"items": [], "rules": []}, {"rules"}),
        ({"items": [{"id": "a", "phrases": ["x"], "sound": 1}]}, {"items[0].sound"}),
    ],
)
def test_wrong_rules_are_named_and_change_nothing(api: Api, body: dict[str, Any], paths: set[str]) -> None:
    put(api, HELP)
    answer = api.ask("PUT", "/keywords/rules", body)
    assert (answer.status, set(answer.paths)) == (422, paths)
    assert [rule["id"] for rule in api.ask("GET", "/keywords/rules").document["items"]] == ["house-help"]


def test_they_fire_on_every_stream_and_one_of_its_own_comes_first(api: Api, make_stream: Callable[..., str]) -> None:
    before = make_stream()
    put(api, HELP)
    after, own = make_stream(), make_stream(keywords=[{"id": "house-help", "name": "mine", "phrases": ["mayday"]}])
    for stream in (before, after):
        assert [hit["rule"]["id"] for hit in say(api, stream, "help")["hits"]] == ["house-help"]
    assert say(api, own, "help")["hits"] == []
    assert [hit["rule"]["name"] for hit in say(api, own, "mayday")["hits"]] == ["mine"]
    assert api.ask("GET", f"/streams/{before}").document["keywords"] == [], "they are no part of a stream"


def test_a_change_of_rules_is_told(api: Api) -> None:
    with api.events("?types=rules.changed") as reader:
        put(api, HELP)
        event = reader.next()
    assert [rule["id"] for rule in event.data["items"]] == ["house-help"]


def test_a_thousand_rules_fit(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    kinds = ("phrase", "fuzzy", "regex")
    rules = [
        {"id": f"r{number}", "phrases": [f"phrase number {number}"], "match": kinds[number % 3]}
        for number in range(1000)
    ]
    assert put(api, *rules).status == 200
    assert "r501" in {hit["rule"]["id"] for hit in say(api, stream, "this is phrase number 501")["hits"]}


def test_hits_are_listed_newest_first_and_filtered(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream(keywords=[{"id": "a", "phrases": ["apple"]}, {"id": "b", "phrases": ["pear"]}])
    said = [say(api, stream, text) for text in ("an apple", "a pear", "an apple and a pear", "nothing")]
    made = [hit for each in said for hit in each["hits"]]
    listed = hits(api, stream=stream)
    assert sorted(listed, key=lambda hit: hit["id"]) == sorted(made, key=lambda hit: hit["id"])
    assert [hit["start"] for hit in listed] == sorted((hit["start"] for hit in made), reverse=True)
    assert {hit["source"] for hit in listed} == {"simulated"}
    assert [hit["text"] for hit in hits(api, stream=stream, rule="b")] == ["an apple and a pear", "a pear"]
    assert hits(api, stream=stream, rule="no-such-rule") == []
    start = made[1]["start"]
    assert {hit["text"] for hit in hits(api, stream=stream, **{"from": start})} >= {"a pear", "an apple and a pear"}
    assert hits(api, stream=stream, to="2000-01-01T00:00:00Z") == []
    assert {hit["stream"] for hit in hits(api)} >= {stream}


def test_hits_are_paged_while_new_ones_arrive(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream(keywords=[{"id": "a", "phrases": ["apple"]}])
    for number in range(7):
        say(api, stream, f"apple {number}")
    paged = []
    for items in pages(api, f"/keywords/hits?stream={stream}", 2):
        paged += [hit["text"] for hit in items]
        say(api, stream, "a late apple")
    assert paged == [f"apple {number}" for number in reversed(range(7))]


BAD_QUERIES = [
    ("stream=Not+an+id", ["stream"]),
    ("from=yesterday", ["from"]),
    ("from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", ["to"]),
    ("limit=0", ["limit"]),
    ("limit=1001", ["limit"]),
    ("limit=many", ["limit"]),
    ("cursor=x", ["cursor"]),
    ("rule=", ["rule"]),
    (f"rule={'x' * 101}", ["rule"]),
    ("q=apple", ["q"]),
]


@pytest.mark.parametrize(("query", "paths"), BAD_QUERIES)
def test_a_wrong_question_for_hits_is_named(api: Api, query: str, paths: list[str]) -> None:
    answer = api.ask("GET", f"/keywords/hits?{query}")
    assert (answer.status, answer.paths) == (422, paths)


def test_hits_of_a_removed_stream_stay_and_of_an_unknown_one_are_not_found(
    api: Api, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(keywords=[{"id": "a", "phrases": ["apple"]}])
    say(api, stream, "apple")
    api.ask("DELETE", f"/streams/{stream}")
    assert len(hits(api, stream=stream)) == 1
    api.ask("PUT", f"/streams/{stream}", {"name": "Again", "url": "rtsp://camera.invalid/", "enabled": False})
    api.ask("DELETE", f"/streams/{stream}?purge=true")
    assert api.ask("GET", f"/keywords/hits?stream={stream}").status == 404
    assert api.ask("GET", "/keywords/hits?stream=nobody").status == 404


def test_a_replay_says_how_often_a_rule_would_have_fired(api: Api, make_stream: Callable[..., str]) -> None:
    stream, other = make_stream(), make_stream()
    segments = [
        say(api, stream, text)["segment"] for text in ("call the", "police!", "no police", "tea", "Police, police")
    ]
    say(api, other, "police")
    rule = {"id": "p", "name": "Police", "phrases": ["police"], "not": ["no police"], "early": True}
    answer = replay(api, {"rule": rule, "stream": stream})
    assert (answer.status, answer.document["count"], answer.document["next"]) == (200, 2, None)
    assert [(hit["text"], hit["segment"]) for hit in answer.document["items"]] == [
        ("Police, police", segments[4]["id"]),
        ("police!", segments[1]["id"]),
    ]
    hit = answer.document["items"][0]
    assert (hit["rule"], hit["state"], hit["stream"]) == ({"id": "p", "name": "Police"}, "confirmed", stream)
    assert replay(api, {"rule": rule, "stream": stream}).document == answer.document, "ids stay"
    assert replay(api, {"rule": {**rule, "phrases": ["call the police"]}, "stream": stream}).document["count"] == 1
    assert replay(api, {"rule": rule}).document["count"] >= 3
    assert replay(api, {"rule": {**rule, "cooldown_s": 3600}, "stream": stream}).document["count"] == 1
    window = {"from": segments[2]["start"], "to": segments[4]["start"]}
    assert replay(api, {"rule": rule, "stream": stream, **window}).document["count"] == 0
    later = {"from": segments[2]["start"]}
    assert replay(api, {"rule": rule, "stream": stream, **later}).document["count"] == 1
    assert hits(api, stream=stream) == [], "nothing of it is kept"


def test_a_replay_is_paged(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    for number in range(7):
        say(api, stream, f"apple {number}")
    body = {"rule": {"id": "a", "phrases": ["apple"]}, "stream": stream}
    texts, query = [], "?limit=3"
    while True:
        document = replay(api, body, query).document
        assert document["count"] >= 7
        texts += [hit["text"] for hit in document["items"]]
        if document["next"] is None:
            break
        say(api, stream, "a late apple")
        query = f"?limit=3&cursor={document['next']}"
    assert texts == [f"apple {number}" for number in reversed(range(7))]


RULE = {"id": "a", "phrases": ["apple"]}


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, ["rule"]),
        ({"rule": None}, ["rule"]),
        ({"rule": []}, ["rule"]),
        ({"rule": {"id": "a"}}, ["rule.phrases"]),
        ({"rule": {"phrases": ["x"]}}, ["rule.id"]),
        ({"rule": {"id": "a", "phrases": ["ok", "?!"]}}, ["rule.phrases[1]"]),
        ({"rule": {"id": "a", "phrases": ["("], "match": "regex"}}, ["rule.phrases[0]"]),
        ({"rule": {"id": "a", "phrases": ["(a+)+$"], "match": "regex"}}, ["rule.phrases[0]"]),
        ({"rule": {**RULE, "threshold": 101}}, ["rule.threshold"]),
        ({"rule": {**RULE, "not": ["…"]}}, ["rule.not[0]"]),
        ({"rule": RULE, "stream": 5}, ["stream"]),
        ({"rule": RULE, "stream": "Not an id"}, ["stream"]),
        ({"rule": RULE, "from": "yesterday"}, ["from"]),
        ({"rule": RULE, "from": 5}, ["from"]),
        ({"rule": RULE, "from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, ["to"]),
        ({"rule": RULE, "limit": 5}, ["limit"]),
    ],
)
def test_a_wrong_replay_is_named(api: Api, body: dict[str, Any], paths: list[str]) -> None:
    answer = replay(api, body)
    assert (answer.status, answer.paths) == (422, paths)


@pytest.mark.parametrize("query", ["?limit=0", "?cursor=x", "?stream=a"])
def test_a_wrong_page_of_a_replay_is_named(api: Api, query: str) -> None:
    assert replay(api, {"rule": RULE}, query).paths == [query[1:].partition("=")[0]]


def test_a_replay_of_an_unknown_stream_is_not_found(api: Api) -> None:
    assert replay(api, {"rule": RULE, "stream": "nobody"}).status == 404


def test_an_expression_that_is_too_slow_on_what_was_said_ends_a_replay(
    api: Api, make_stream: Callable[..., str]
) -> None:
    stream = make_stream()
    for _ in range(3):
        say(api, stream, "x" + "bcd" * 100)
    rule = {"id": "a", "phrases": [r"x(?:[bcd]|[bcd][bcd])+y"], "match": "regex"}
    answer = replay(api, {"rule": rule, "stream": stream})
    assert (answer.status, answer.paths) == (422, ["rule.phrases"])


def test_a_rule_that_is_too_slow_shows_in_the_rules_on_the_stream_and_in_health(
    api: Api, make_stream: Callable[..., str]
) -> None:
    stream = make_stream()
    put(api, {"id": "slow", "phrases": [r"x(?:[bcd]|[bcd][bcd])+y"], "match": "regex"})
    for _ in range(3):
        assert say(api, stream, "x" + "bcd" * 100)["hits"] == []
    assert [fault["rule"] for fault in api.ask("GET", "/keywords/rules").document["rule_faults"]] == ["slow"]
    status = api.ask("GET", f"/streams/{stream}").document["status"]
    assert [fault["rule"] for fault in status["rule_faults"]] == ["slow"]
    checks = {check["name"]: check for check in api.ask("GET", "/health").document["checks"]}
    assert (checks["keywords"]["status"], "slow" in checks["keywords"]["detail"]) == ("degraded", True)


def test_who_may_see_and_who_may_change(api: Api) -> None:
    viewer = api.as_holder_of(api.ask("POST", "/tokens", {"name": "v"}).document["token"])
    assert viewer.ask("GET", "/keywords/rules").status == 200
    assert viewer.ask("GET", "/keywords/hits").status == 200
    assert viewer.ask("POST", "/keywords/replay", {"rule": RULE}).status == 200
    assert viewer.ask("PUT", "/keywords/rules", {"items": []}).status == 403
    nobody = api.from_a_new_address().as_holder_of(None)
    for method, path in (("GET", "/keywords/rules"), ("GET", "/keywords/hits"), ("POST", "/keywords/replay")):
        assert nobody.ask(method, path).status == 401


def test_simulated_words_cool_a_rule_down_and_are_marked_everywhere(
    api: Api, background: Background, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(keywords=[{"id": "a", "phrases": ["apple"], "cooldown_s": 3600}])
    with api.events(f"?stream={stream}&types=transcript.final,keyword.detected") as reader:
        first = say(api, stream, "an apple that nobody keeps", store=False)
        second = say(api, stream, "an apple again")
        events = [reader.next() for _ in range(3)]
    assert [event.type for event in events] == ["transcript.final", "keyword.detected", "transcript.final"]
    assert [event.data["source"] for event in events] == ["simulated"] * 3
    assert [event.id is None for event in events] == [True, True, False]
    assert (first["segment"]["id"], first["hits"][0]["segment"]) == (None, None)
    assert second["hits"] == []
    folder = background.service.configuration.settings.data_dir
    assert not [file for file in folder.iterdir() if file.is_file() and b"that nobody keeps" in file.read_bytes()]
    assert hits(api, stream=stream) == []
