"""`wallflower migrate`: from the data folder's file to a PostgreSQL server."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from ..settings import is_postgres_url
from .common import debug_option, json_option, print_json, settings_of_environment, to_watcher
from .database import require_database

if TYPE_CHECKING:
    from pathlib import Path

    from ..settings import Settings
    from ..store.move import Moved


def _server(_ctx: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not is_postgres_url(value):
        raise click.BadParameter("must be postgresql://USER:PASSWORD@HOST/DATABASE")
    return value


@click.command()
@click.option(
    "--to", "url", required=True, metavar="URL", callback=_server, help="postgresql://USER:PASSWORD@HOST/DATABASE"
)
@json_option
@debug_option
def migrate(url: str, *, as_json: bool) -> None:
    """Move the database to a PostgreSQL server, while the sidecar is stopped.

    What was interrupted goes on when it is run again. The file stays as it is. Other programs of this machine see
    the command's words: leave the password out of the URL and set PGPASSWORD where that matters.
    """
    settings = settings_of_environment()
    if settings.postgres_url is not None:
        raise click.ClickException("DATABASE_URL names a PostgreSQL server already. Leave it out until all is moved.")
    path = require_database(settings)
    moved = asyncio.run(_move(path, settings, url))
    if as_json:
        print_json({"counts": dict(moved.counts), "resumed": moved.resumed, "source": str(path)})
        return
    if moved.resumed:
        click.echo("An interrupted move went on.")
    click.echo(f"Moved, and counted on both sides: {_described(moved.counts)}.")
    click.echo("Now set WALLFLOWER_DATABASE_URL to that URL and start the sidecar; Home Assistant stays paired.")
    click.echo(f"{path} is as it was, and is not read any more: keep it as the way back, then remove it.")


def _described(counts: Mapping[str, int]) -> str:
    return (
        f"{counts['streams']} cameras, {counts['segments']} sentences, {counts['hits']} hits,"
        f" {counts['events']} events, {counts['recordings']} recordings, {counts['tokens']} tokens"
    )


async def _move(path: Path, settings: Settings, url: str) -> Moved:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from ..store import PostgresPlace
    from ..store.move import move

    console = to_watcher()
    columns = (TextColumn("Moving"), BarColumn(), MofNCompleteColumn(), TextColumn("rows"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        place = PostgresPlace(url, settings.data_dir)
        return await move(path, place, lambda done, total: bar.update(task, completed=done, total=total))
