"""Keyword rules within a stream: what is required, bounds, defaults, and that ids and names are unique."""

from collections.abc import Callable
from typing import Any

import pytest

from .api_client import Api


def rules(*given: dict[str, Any]) -> dict[str, Any]:
    """A stream's body with these rules."""
    return {"name": "Front door", "url": "rtsp://camera.invalid/live", "enabled": False, "keywords": list(given)}


@pytest.mark.parametrize(
    ("rule", "paths"),
    [
        ({"phrases": ["x"]}, ["keywords[0].id"]),
        ({"id": "", "phrases": ["x"]}, ["keywords[0].id"]),
        ({"id": "a"}, ["keywords[0].phrases"]),
        ({"id": "a", "phrases": []}, ["keywords[0].phrases"]),
        ({"id": "a", "phrases": "help"}, ["keywords[0].phrases"]),
        ({"id": "a", "phrases": [""]}, ["keywords[0].phrases[0]"]),
        ({"id": "a", "phrases": ["x", None]}, ["keywords[0].phrases[1]"]),
        ({"id": "a", "phrases": ["half \ud800"]}, ["keywords[0].phrases[0]"]),
        ({"id": "a", "phrases": ["nul \u0000"]}, ["keywords[0].phrases[0]"]),
        ({"id": "a", "phrases": ["x"], "match": "sounds-like"}, ["keywords[0].match"]),
        ({"id": "a", "phrases": ["x"], "threshold": 101}, ["keywords[0].threshold"]),
        ({"id": "a", "phrases": ["x"], "threshold": True}, ["keywords[0].threshold"]),
        ({"id": "a", "phrases": ["x"], "min_confidence": 1.1}, ["keywords[0].min_confidence"]),
        ({"id": "a", "phrases": ["x"], "cooldown_s": -1}, ["keywords[0].cooldown_s"]),
        ({"id": "a", "phrases": ["x"], "not": "y"}, ["keywords[0].not"]),
        ({"id": "a", "phrases": ["x"], "excluded": ["y"]}, ["keywords[0].excluded"]),
        ({"id": "a", "phrases": ["x"], "speakers": [1]}, ["keywords[0].speakers[0]"]),
        ({"id": "a", "phrases": ["x"], "early": 1}, ["keywords[0].early"]),
        ({"id": "a", "phrases": ["x"], "sound": "bell"}, ["keywords[0].sound"]),
        ({"id": "a", "phrases": ["ok", "(unclosed"], "match": "regex"}, ["keywords[0].phrases[1]"]),
        ({"id": "a", "phrases": ["?!"]}, ["keywords[0].phrases[0]"]),
    ],
)
def test_a_rule_that_is_wrong_is_named(api: Api, rule: dict[str, Any], paths: list[str]) -> None:
    answer = api.ask("PUT", "/streams/wrong-rule", rules(rule))
    assert (answer.status, answer.paths) == (422, paths)


@pytest.mark.parametrize(
    ("second", "paths"),
    [
        ({"id": "a"}, {"keywords[1].id", "keywords[1].name"}),
        ({"id": "a", "name": "other"}, {"keywords[1].id"}),
        ({"id": "b", "name": "a"}, {"keywords[1].name"}),
    ],
)
def test_ids_and_names_of_rules_are_unique_within_a_stream(api: Api, second: dict[str, Any], paths: set[str]) -> None:
    body = rules({"id": "a", "phrases": ["x"]}, {"phrases": ["y"], **second})
    assert set(api.ask("PUT", "/streams/twins", body).paths) == paths


def test_the_defaults_of_a_rule(api: Api, new_id: Callable[[], str]) -> None:
    answer = api.ask("PUT", f"/streams/{new_id()}", rules({"id": "help", "phrases": ["help"]}))
    rule = answer.document["keywords"][0]
    rule.pop("threshold", None)
    assert rule == {
        "id": "help",
        "name": "help",
        "phrases": ["help"],
        "match": "phrase",
        "not": [],
        "min_confidence": 0,
        "cooldown_s": 0,
        "speakers": [],
        "early": False,
    }
