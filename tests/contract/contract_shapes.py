"""An answer as it came, held against what openapi.json promises of it."""

from dataclasses import dataclass
from email.message import Message
import json
import re
from typing import Any

from pydantic import TypeAdapter

from wallflower_sidecar.api.answers import Problem
from wallflower_sidecar.api.openapi import problem_statuses
from wallflower_sidecar.api.operations import BASE_PATH, Operation
from wallflower_sidecar.api.routes import OPERATIONS


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Message
    raw: bytes

    @property
    def document(self) -> Any:
        """The JSON in it."""
        return json.loads(self.raw)

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.document["code"])

    @property
    def paths(self) -> list[str]:
        """What the problem's faults name."""
        return [fault["path"] for fault in self.document["errors"]]


def hold_to_contract(method: str, path: str, answer: Answer) -> None:
    """Fail unless the answer is one that openapi.json promises for this operation."""
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers["X-Request-ID"])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Server"] == "wallflower"
    if method == "HEAD":
        return
    operation = operation_of(method, path.partition("?")[0])
    outcomes = {int(outcome.status): outcome for outcome in operation.outcomes} if operation else {}
    outcome = outcomes.get(answer.status)
    if outcome is not None:
        if answer.headers.get_content_type() in outcome.other_media:
            return
        if outcome.document is not None:
            assert answer.headers["Content-Type"] == "application/json"
            TypeAdapter(outcome.document).validate_json(answer.raw)
        elif outcome.media_type is None:
            assert answer.raw == b""
        return
    if method == "OPTIONS" and answer.status == 204:
        return
    assert answer.headers["Content-Type"] == "application/problem+json", (method, path, answer)
    problem = Problem.model_validate_json(answer.raw)
    assert problem.status == answer.status
    assert problem.request_id == answer.headers["X-Request-ID"]
    assert problem.title
    assert problem.detail
    assert (problem.errors is not None) == (answer.status == 422)
    if operation is not None and answer.status != 500:
        assert answer.status in {int(status) for status in problem_statuses(operation)}, (
            method,
            path,
            answer,
        )


def operation_of(method: str, path: str) -> Operation | None:
    """The operation that answers to a method and a path."""
    for operation in OPERATIONS:
        pattern = re.escape(BASE_PATH + operation.path).replace(r"\{id\}", "[^/]+")
        if operation.method == method and re.fullmatch(pattern, path):
            return operation
    return None
