"""The settings in force, and reading them again."""

from http import HTTPStatus

from aiohttp import web

from .answers import Config, Reloaded
from .fields import NoQuery
from .operations import Call, Operation, Outcome, Who, json_answer


async def get_config(call: Call[None, NoQuery]) -> web.Response:
    """Show every setting; what is secret is hidden."""
    return json_answer({"settings": call.service.configuration.document()})


async def reload_config(call: Call[None, NoQuery]) -> web.Response:
    """Read environment and file again and take up what can be."""
    reload = call.service.configuration.reload()
    return json_answer({"changed": reload.changed, "needs_restart": reload.needs_restart, "refused": reload.refused})


OPERATIONS = (
    Operation(
        "GET",
        "/config",
        "The settings in force, secrets hidden",
        get_config,
        Who.ADMINS,
        (Outcome(HTTPStatus.OK, "Every setting by its name", Config),),
    ),
    Operation(
        "POST",
        "/config/reload",
        "Read the settings again; those of the engine, the language and the log level are taken up at once",
        reload_config,
        Who.ADMINS,
        (Outcome(HTTPStatus.OK, "What changed, what needs a restart, what was refused", Reloaded),),
    ),
)
