"""Speech models: what is here, what can be had, what is being downloaded."""

from http import HTTPStatus
import operator

from aiohttp import web

from ..service.models import model_document
from .answers import ModelObject, Page
from .fields import ModelName, NoQuery
from .operations import Call, Operation, Outcome, Who, json_answer, no_content
from .paging import page
from .schemas import PageQuery


async def list_models(call: Call[None, PageQuery]) -> web.Response:
    """List the models in order of their names."""
    return json_answer(
        page(
            "models",
            sorted(call.service.models.items(), key=lambda item: item.name),
            key=lambda item: item.name,
            follows=operator.gt,
            limit=call.query.limit,
            cursor=call.query.cursor,
            document=model_document,
        )
    )


async def download_model(call: Call[None, NoQuery]) -> web.Response:
    """Ask for a model."""
    return json_answer(model_document(call.service.models.start(call.id)), HTTPStatus.ACCEPTED)


async def remove_model(call: Call[None, NoQuery]) -> web.Response:
    """Remove a model and what has arrived of it."""
    await call.service.models.remove(call.id)
    return no_content()


OPERATIONS = (
    Operation(
        "GET",
        "/models",
        "All speech models: those that can be downloaded, and folders in the folder of models",
        list_models,
        Who.READERS,
        (Outcome(HTTPStatus.OK, "In order of their names", Page[ModelObject]),),
        query=PageQuery,
    ),
    Operation(
        "POST",
        "/models/{id}",
        "Download a model; one that is under way goes on, one that failed or is damaged begins again",
        download_model,
        Who.CLIENTS,
        (Outcome(HTTPStatus.ACCEPTED, "The model, being downloaded", ModelObject),),
        problems=(HTTPStatus.CONFLICT,),
        id_type=ModelName,
    ),
    Operation(
        "DELETE",
        "/models/{id}",
        "Remove a model that is not in use, and what has arrived of one",
        remove_model,
        Who.CLIENTS,
        (Outcome(HTTPStatus.NO_CONTENT, "It is gone"),),
        problems=(HTTPStatus.CONFLICT,),
        id_type=ModelName,
    ),
)
