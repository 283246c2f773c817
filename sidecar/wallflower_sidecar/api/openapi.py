"""The OpenAPI 3.1 description, made from the table of operations."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from .. import __version__
from .answers import Problem
from .fields import NoQuery, Query
from .operations import BASE_PATH, JSON, Call, Operation, Outcome, Who
from .problems import CODES, MEDIA_TYPE

DESCRIPTION = web.AppKey("openapi", bytes)
REFERENCE = "#/components/schemas/{model}"

type Schema = dict[str, Any]


async def get_openapi(call: Call[None, NoQuery]) -> web.Response:
    """Answer this description."""
    return web.Response(body=call.request.app[DESCRIPTION], content_type=JSON)


OPERATIONS = (
    Operation(
        "GET",
        "/openapi.json",
        "This description",
        get_openapi,
        Who.READERS,
        (Outcome(HTTPStatus.OK, "OpenAPI 3.1", dict[str, Any]),),
    ),
)


def describe(operations: Iterable[Operation]) -> Schema:
    """Return the OpenAPI document of the operations."""
    operations = tuple(operations)
    schemas = _Schemas(operations)
    paths: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    schemas.drop_queries()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Wallflower",
            "version": __version__,
            "description": "Live, searchable transcripts and keyword hits from the sound of cameras.",
        },
        "servers": [{"url": BASE_PATH}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def problem_statuses(operation: Operation) -> frozenset[HTTPStatus]:
    """Return with which problems an operation can answer."""
    statuses = {HTTPStatus.UNPROCESSABLE_CONTENT, *operation.problems}
    if operation.who is not Who.EVERYBODY:
        statuses |= {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}
        if operation.who is not Who.READERS:
            statuses.add(HTTPStatus.FORBIDDEN)
    if operation.body:
        statuses |= {HTTPStatus.BAD_REQUEST, HTTPStatus.CONTENT_TOO_LARGE}
    if operation.id_type and operation.method != "PUT":
        statuses.add(HTTPStatus.NOT_FOUND)
    return frozenset(statuses)


class _Schemas:
    """The JSON schemas of everything that operations take and answer, shared ones under `components`."""

    def __init__(self, operations: tuple[Operation, ...]) -> None:
        inputs: list[tuple[Any, JsonSchemaMode, TypeAdapter[Any]]] = []
        for operation in operations:
            for kind, mode in _kinds(operation):
                if not any(kind is known and mode == known_mode for known, known_mode, _ in inputs):
                    inputs.append((kind, mode, TypeAdapter(kind)))
        generated, shared = TypeAdapter.json_schemas(
            [(str(index), mode, adapter) for index, (_, mode, adapter) in enumerate(inputs)],
            by_alias=True,
            ref_template=REFERENCE,
            schema_generator=GenerateJsonSchema,
        )
        self.components: Schema = dict(shared["$defs"])
        self._known = [(kind, generated[str(index), mode]) for index, (kind, mode, _) in enumerate(inputs)]

    def of(self, kind: Any) -> Schema:
        """Return the schema of a type, or a reference to it."""
        return next(schema for known, schema in self._known if known is kind)

    def drop_queries(self) -> None:
        """Take out the schemas of whole queries, which nothing refers to once their parameters are listed."""
        for kind, schema in self._known:
            if isinstance(kind, type) and issubclass(kind, Query):
                self.components.pop(schema["$ref"].rpartition("/")[2], None)

    def parameters(self, kind: Any) -> Iterator[Schema]:
        """Return a query's parameters."""
        schema = self.of(kind)
        if "$ref" in schema:
            schema = self.components[schema["$ref"].rpartition("/")[2]]
        for name, field in schema.get("properties", {}).items():
            yield {
                "name": name,
                "in": "query",
                "required": name in schema.get("required", ()),
                "schema": _not_null(field),
            }


def _kinds(operation: Operation) -> Iterator[tuple[Any, JsonSchemaMode]]:
    yield Problem, "serialization"
    yield operation.query, "validation"
    if operation.body:
        yield operation.body, "validation"
    if operation.id_type:
        yield operation.id_type, "validation"
    for outcome in operation.outcomes:
        if outcome.document is not None:
            yield outcome.document, "serialization"


def _not_null(schema: Schema) -> Schema:
    """A parameter that may be left out is not one that may be null."""
    kept = {key: value for key, value in schema.items() if key not in {"anyOf", "title"}}
    if not kept.get("default", True):
        del kept["default"]
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    return {**kept, **choices[0]} if choices else kept


def _operation(operation: Operation, schemas: _Schemas) -> Schema:
    parameters = list(schemas.parameters(operation.query))
    if operation.id_type:
        parameters.insert(0, {"name": "id", "in": "path", "required": True, "schema": schemas.of(operation.id_type)})
    parameters += [
        {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}
        for name, description in operation.headers
    ]
    described: Schema = {
        "operationId": operation.handler.__name__,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": {
            **{str(int(outcome.status)): _outcome(outcome, schemas) for outcome in operation.outcomes},
            **{
                str(int(status)): {
                    "description": CODES.get(status, "The camera cannot be reached; `code` is the capture error"),
                    "content": {MEDIA_TYPE: {"schema": schemas.of(Problem)}},
                }
                for status in sorted(problem_statuses(operation) - {known.status for known in operation.outcomes})
            },
        },
    }
    if operation.body:
        described["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": schemas.of(operation.body)}},
        }
    if operation.upload:
        described["requestBody"] = {"required": True, "content": {media: {} for media in operation.upload}}
    if operation.who is Who.EVERYBODY:
        described["security"] = []
    return described


def _outcome(outcome: Outcome, schemas: _Schemas) -> Schema:
    described: Schema = {"description": outcome.description}
    if outcome.document is not None:
        described["content"] = {JSON: {"schema": schemas.of(outcome.document)}}
    elif outcome.media_type:
        described["content"] = {outcome.media_type: _medium(outcome.media_type)}
    for media_type in outcome.other_media:
        described["content"][media_type] = _medium(media_type)
    return described


def _medium(media_type: str) -> Schema:
    return {"schema": {"type": "string"} if media_type.startswith("text/") else {}}
