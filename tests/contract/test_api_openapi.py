"""openapi.json describes exactly what the router does, and nothing that is described breaks on bad input."""

from collections.abc import Iterator
import json
import random
import re
from typing import Any
from urllib.parse import quote

import pytest

from wallflower_sidecar.api.operations import BASE_PATH, Who
from wallflower_sidecar.api.routes import OPERATIONS

from .api_client import Api


@pytest.fixture(scope="module")
def description(api: Api) -> dict[str, Any]:
    """The document as it is answered."""
    document: dict[str, Any] = api.ask("GET", "/openapi.json").document
    return document


def test_it_is_openapi_3_1_for_the_base_path(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1.")
    assert description["servers"] == [{"url": BASE_PATH}]


def test_it_has_every_operation_and_no_other(description: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, methods in description["paths"].items() for method in methods}
    assert described == {(operation.method, operation.path) for operation in OPERATIONS}
    names = [each["operationId"] for methods in description["paths"].values() for each in methods.values()]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    for reference in references(description):
        place: Any = description
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_every_path_parameter_is_described(description: dict[str, Any]) -> None:
    for path, methods in description["paths"].items():
        for described in methods.values():
            named = {each["name"] for each in described["parameters"] if each["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path))


def test_only_open_paths_are_described_as_open(description: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        described = description["paths"][operation.path][operation.method.lower()]
        assert (described.get("security") == []) == (operation.who is Who.EVERYBODY)


def test_nothing_that_may_be_left_out_is_described_as_null(description: dict[str, Any]) -> None:
    for methods in description["paths"].values():
        for described in methods.values():
            assert not [each for each in described["parameters"] if "null" in json.dumps(each["schema"])]


def references(node: object) -> Iterator[str]:
    """All `$ref`s in a document."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, 2**63, -(2**63) - 1, "", " ", "a", "\u0000", "\ud800", "x" * 3000, "***",
    "rtsp://h/", "rtsp://a:b@h:99999/", "2026-11-22T07:20:42Z", [], [[]], [None], {}, {"": None}, {"a": {"b": []}},
    "../../etc/passwd", "%s%n", "' OR 1=1 --", "🙂", "\u202e", "1e999", "NaN",
)  # fmt: skip


@pytest.mark.parametrize(
    "operation",
    [each for each in OPERATIONS if each.path not in {"/events", "/pair"}],
    ids=lambda each: f"{each.method} {each.path}",
)
def test_junk_is_refused_in_good_order(api: Api, description: dict[str, Any], operation: Any, new_id: Any) -> None:
    dice = random.Random(f"{operation.method} {operation.path}")
    described = description["paths"][operation.path][operation.method.lower()]
    schema = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    fields = (
        sorted(description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]) if schema else []
    )
    parameters = [each["name"] for each in described["parameters"] if each["in"] == "query"]
    for _ in range(40):
        path = operation.path.replace(
            "{id}", dice.choice([new_id(), quote(str(dice.choice(JUNK)), errors="replace", safe="") or "-"])
        )
        if operation.path == "/probe":
            fields = [name for name in fields if name != "url"]
        names = dice.sample([*parameters, "other"], dice.randint(0, len(parameters) + 1))
        query = "&".join(f"{name}={quote(str(dice.choice(JUNK)), errors='replace')}" for name in names)
        body = {name: junk(dice) for name in dice.sample(fields, dice.randint(0, len(fields)))}
        answer = api.ask(operation.method, f"{path}?{query}", body if schema else None)
        assert answer.status < 500 or (answer.status, answer.code) == (503, "unavailable"), (
            path,
            query,
            body,
            answer,
        )


def junk(dice: random.Random) -> Any:
    """Any JSON, sometimes nested."""
    value = dice.choice(JUNK)
    shape = dice.random()
    if shape < 0.2:
        return {"id": value, "phrases": [value], "mode": value}
    return [value] if shape < 0.4 else value
