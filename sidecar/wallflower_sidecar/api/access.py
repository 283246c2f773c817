"""Tokens: one by pairing, others by an admin's hand."""

from http import HTTPStatus
import operator
from typing import Any

from aiohttp import web

from ..domain.access import TokenInfo
from ..domain.clock import format_time
from ..service.access import PairingError
from .answers import NewToken, Page, Paired, Token
from .auth import FailureLimit, unauthorized
from .event_streams import EVENT_STREAMS
from .fields import NoQuery, Uuid
from .operations import Call, Operation, Outcome, Who, json_answer, no_content
from .paging import page
from .schemas import PageQuery, PairBody, TokenBody

FAILURES = web.AppKey("failures", FailureLimit)


async def pair(call: Call[PairBody, NoQuery]) -> web.Response:
    """Exchange a pairing code for a token; wrong codes count as failed credentials."""
    failures = call.request.app[FAILURES]
    failures.check(call.request)
    try:
        token = await call.service.access.pair(call.body.code)
    except PairingError as error:
        failures.count(call.request)
        raise unauthorized(str(error)) from None
    return json_answer({"token": token, "server_id": call.service.server_id})


async def list_tokens(call: Call[None, PageQuery]) -> web.Response:
    """List the tokens without their secrets, oldest first."""
    tokens = sorted(await call.service.access.tokens(), key=_key)
    return json_answer(
        page(
            "tokens",
            tokens,
            key=_key,
            follows=operator.gt,
            limit=call.query.limit,
            cursor=call.query.cursor,
            document=_document,
        )
    )


async def create_token(call: Call[TokenBody, NoQuery]) -> web.Response:
    """Make a token; its secret is shown this once."""
    info, token = await call.service.access.create_token(call.body.name, call.body.role)
    return json_answer({**_document(info), "token": token}, HTTPStatus.CREATED)


async def delete_token(call: Call[None, NoQuery]) -> web.Response:
    """Make a token worthless and end the event streams that it opened."""
    await call.service.access.delete_token(call.id)
    call.request.app[EVENT_STREAMS].end_of(call.id)
    return no_content()


def _key(token: TokenInfo) -> str:
    return token.id


def _document(token: TokenInfo) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role.value,
        "created_at": format_time(token.created_at),
        "last_used_at": format_time(token.last_used_at) if token.last_used_at else None,
    }


OPERATIONS = (
    Operation(
        "POST",
        "/pair",
        "Exchange the code that `wallflower pair` prints for a token",
        pair,
        Who.EVERYBODY,
        (Outcome(HTTPStatus.OK, "The token, shown this once", Paired),),
        problems=(HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS),
        body=PairBody,
    ),
    Operation(
        "GET",
        "/tokens",
        "The tokens, without their secrets",
        list_tokens,
        Who.ADMINS,
        (Outcome(HTTPStatus.OK, "Oldest first", Page[Token]),),
        query=PageQuery,
    ),
    Operation(
        "POST",
        "/tokens",
        "Make a token",
        create_token,
        Who.ADMINS,
        (Outcome(HTTPStatus.CREATED, "The token, its secret shown this once", NewToken),),
        body=TokenBody,
    ),
    Operation(
        "DELETE",
        "/tokens/{id}",
        "Make a token worthless",
        delete_token,
        Who.ADMINS,
        (Outcome(HTTPStatus.NO_CONTENT, "It opens nothing any more"),),
        id_type=Uuid,
    ),
)
