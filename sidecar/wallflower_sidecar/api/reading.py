"""Requests read: JSON bodies and query strings become checked models, or a problem that names every fault."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
import json
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import ValidationError

from .fields import Body, Query
from .problems import Fault, ProblemError, bad_json, invalid

MAX_BODY_BYTES = 1_000_000
BODY_TIMEOUT_S = 20.0
MAX_FAULTS = 100
MAX_PATH_LENGTH = 200

_MESSAGES = {
    "missing": "This field is required.",
    "string_unicode": "The text holds half a character (a lone surrogate).",
}


async def read_body[B: Body](request: web.Request, model: type[B]) -> B:
    """Read and check a body; raises ProblemError: bad_json, too_large, invalid."""
    document = parse_json(await _read_bytes(request))
    if not isinstance(document, dict):
        raise invalid([Fault("body", "Give a JSON object.")])
    between = model.faults_between_fields(document)
    try:
        body = model.model_validate(document)
    except ValidationError as error:
        raise invalid([*faults_of(error, "field"), *between]) from None
    if between:
        raise invalid(between)
    return body


def read_query[Q: Query](request: web.Request, model: type[Q]) -> Q:
    """Check the parameters of a request; raises ProblemError naming those that are unknown, given twice or wrong."""
    given = request.rel_url.query
    repeated = model.REPEATED & set(given)
    twice = [
        Fault(name, "This parameter is given twice.")
        for name in dict.fromkeys(given)
        if len(given.getall(name)) > 1 and name not in repeated
    ]
    try:
        query = model.model_validate({**given, **{name: given.getall(name) for name in repeated}})
    except ValidationError as error:
        # The contract's path is the parameter's name, whichever of those that are repeated is wrong.
        named = [replace(each, path=each.path.partition("[")[0]) for each in faults_of(error, "parameter")]
        raise invalid([*twice, *dict.fromkeys(named)]) from None
    if twice:
        raise invalid(twice)
    return query


def parse_json(raw: bytes) -> Any:
    """Read JSON in UTF-8: no NaN, no Infinity, no key twice; a number too long for any field becomes infinite."""
    try:
        return json.loads(
            raw.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_int=lambda digits: int(digits) if len(digits) < MAX_DIGITS else float(digits),
            object_pairs_hook=_unique,
        )
    except RecursionError:
        raise bad_json("The JSON is nested too deeply.") from None
    except UnicodeDecodeError:
        raise bad_json("The body is not UTF-8 text.") from None
    except json.JSONDecodeError as error:
        reason = f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        raise bad_json(reason if raw else "The body is empty; a JSON object is expected.") from None


MAX_DIGITS = 40


def faults_of(error: ValidationError, what: str) -> list[Fault]:
    """Return what a model refused, as the contract writes it; `what` is what an entry is called."""
    known = error.errors(include_input=False, include_url=False, include_context=False)
    faults = [Fault(_path(entry["loc"]), _message(entry, what)) for entry in known[:MAX_FAULTS]]
    if len(known) > MAX_FAULTS:
        faults.append(Fault("body", f"There are {len(known) - MAX_FAULTS} more faults."))
    return faults


async def _read_bytes(request: web.Request) -> bytes:
    too_large = ProblemError(HTTPStatus.CONTENT_TOO_LARGE, "The body is over 1 MB.")
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise too_large
    read = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.content.iter_any():
                read += chunk
                if len(read) > MAX_BODY_BYTES:
                    raise too_large
    except TimeoutError:
        raise bad_json(f"The body did not arrive within {BODY_TIMEOUT_S:.0f} s.") from None
    except web.RequestPayloadError, HttpProcessingError:
        raise bad_json("The body could not be read: its transfer or content encoding is broken.") from None
    return bytes(read)


def _refuse_constant(name: str) -> None:
    raise bad_json(f"The body is not JSON: {name} is not a JSON number.")


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise bad_json("The body has an object with the same key twice.")
    return document


def _path(location: Sequence[int | str]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".")[:MAX_PATH_LENGTH] or "body"


def _message(entry: Mapping[str, Any], what: str) -> str:
    if entry["type"] == "extra_forbidden":
        return f"This {what} is not known."
    message = _MESSAGES.get(entry["type"]) or str(entry["msg"])
    return message if message.endswith(".") else f"{message}."
