"""`wallflower pair`: a code that Home Assistant exchanges for a token."""

import asyncio
from typing import TYPE_CHECKING

import click

from .common import debug_option, json_option, print_json, settings_of_environment

if TYPE_CHECKING:
    from ..service.access import PairingCode
    from ..settings import Settings


@click.command()
@json_option
@debug_option
def pair(*, as_json: bool) -> None:
    """Make a pairing code: 6 digits, valid once, for 10 minutes.

    The code is made in the data folder's database, whether the server runs or not.
    """
    from ..domain.clock import format_time

    settings = settings_of_environment()
    code = asyncio.run(_new_code(settings))
    if as_json:
        print_json({"code": code.code, "expires_at": format_time(code.expires_at)})
        return
    until = code.expires_at.astimezone()
    click.echo(f"Pairing code: {code.code}\n")
    click.echo(f"It works once, until {until:%H:%M:%S}.")
    click.echo("In Home Assistant: Settings > Devices & services > Add integration > Wallflower,")
    click.echo(f"address {_address(settings)}, then this code.")


async def _new_code(settings: Settings) -> PairingCode:
    from ..domain.clock import SystemClock
    from ..service.access import Access
    from .database import open_database

    async with open_database(settings) as database:
        return await Access(database, settings, SystemClock()).new_pairing_code()


def _address(settings: Settings) -> str:
    scheme = "https" if settings.tls_cert else "http"
    if settings.host in {"0.0.0.0", "::"}:  # noqa: S104
        return f"{scheme}://THIS-MACHINE:{settings.port}"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{scheme}://{host}:{settings.port}"
