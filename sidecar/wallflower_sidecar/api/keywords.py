"""Keyword rules of all streams, the hits of all rules, and rules tried on what was said."""

from http import HTTPStatus
from typing import Any

from aiohttp import web

from ..domain.documents import hit_document, rule_document, rule_fault_document
from ..service import Service
from .answers import HitObject, Page, Replayed
from .connected import while_connected
from .fields import NoQuery
from .keyword_schemas import HitsQuery, HouseRulesBody, ReplayBody
from .operations import Call, Operation, Outcome, Who, json_answer
from .schemas import PageQuery
from .stream_answers import HouseRulesObject


async def get_rules(call: Call[None, NoQuery]) -> web.Response:
    """Show the rules of all streams."""
    return json_answer(_rules(call.service))


async def put_rules(call: Call[HouseRulesBody, NoQuery]) -> web.Response:
    """Put these rules in the place of those before; every stream has them at once."""
    await call.service.house_rules.replace([rule.to_rule() for rule in call.body.items])
    return json_answer(_rules(call.service))


async def list_hits(call: Call[None, HitsQuery]) -> web.Response:
    """List hits, newest first."""
    query = call.query
    page = await call.service.keyword_history.hits(
        stream=query.stream,
        rule=query.rule,
        start=query.start,
        end=query.end,
        limit=query.limit,
        cursor=query.cursor,
    )
    return json_answer({"items": [hit_document(hit) for hit in page.items], "next": page.next})


async def replay(call: Call[ReplayBody, PageQuery]) -> web.Response:
    """Try a rule on what was said; it ends when whoever asked is gone."""
    body = call.body
    count, page = await while_connected(
        call.request,
        call.service.keyword_history.replay(
            body.rule.to_rule(),
            stream=body.stream,
            start=body.start,
            end=body.end,
            limit=call.query.limit,
            cursor=call.query.cursor,
        ),
    )
    items = [hit_document(hit) for hit in page.items]
    return json_answer({"count": count, "items": items, "next": page.next})


def _rules(service: Service) -> dict[str, Any]:
    return {
        "items": [rule_document(rule) for rule in service.house_rules.all()],
        "next": None,
        "rule_faults": [rule_fault_document(fault) for fault in service.streams.faults_of(service.house_rules.all())],
    }


_RULES = Outcome(HTTPStatus.OK, "All of them, in their order, and those that do not work", HouseRulesObject)

OPERATIONS = (
    Operation("GET", "/keywords/rules", "The keyword rules of all streams", get_rules, Who.READERS, (_RULES,)),
    Operation(
        "PUT",
        "/keywords/rules",
        "Replace the keyword rules of all streams; a stream's own rule with the same id or name comes before them",
        put_rules,
        Who.CLIENTS,
        (_RULES,),
        body=HouseRulesBody,
    ),
    Operation(
        "GET",
        "/keywords/hits",
        "What rules found",
        list_hits,
        Who.READERS,
        (Outcome(HTTPStatus.OK, "Newest first", Page[HitObject]),),
        problems=(HTTPStatus.NOT_FOUND,),
        query=HitsQuery,
    ),
    Operation(
        "POST",
        "/keywords/replay",
        "How often a rule would have fired on what was said, and where; nothing of it is kept or told",
        replay,
        Who.READERS,
        (Outcome(HTTPStatus.OK, "How often in all, and the hits newest first", Replayed),),
        problems=(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE),
        body=ReplayBody,
        query=PageQuery,
    ),
)
