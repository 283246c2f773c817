"""What all commands share: errors as one sentence, `--debug`, `--json`, and the settings."""

from collections.abc import Callable
import json
import os
from typing import Any, override

import click
from rich.console import Console

from ..domain.errors import WallflowerError
from ..logs import configure_logging
from ..settings import Settings, load_settings

_DEBUG = "wallflower.debug"


class Commands(click.Group):
    """Turns failures into one sentence and exit code 1; logs and stack traces are shown only with --debug."""

    @override
    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        if not ctx.meta.get(_DEBUG):
            configure_logging("error")
        try:
            return super().invoke(ctx)
        except click.ClickException, click.exceptions.Exit, click.Abort:
            raise
        except Exception as error:
            if ctx.find_root().meta.get(_DEBUG):
                raise
            raise click.ClickException(_sentence(error)) from None


def debug_option[F: Callable[..., Any]](command: F) -> F:
    """Add --debug, before or after the command's name."""

    def remember(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001
        if value:
            ctx.find_root().meta[_DEBUG] = True
            configure_logging("debug")

    return click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        callback=remember,
        help="Show where in the code it failed.",
    )(command)


def json_option[F: Callable[..., Any]](command: F) -> F:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(command)


def settings_of_environment() -> Settings:
    """Return the settings, telling their warnings on stderr; raises SettingsError."""
    loaded = load_settings()
    for warning in loaded.warnings:
        click.echo(f"Warning: {warning}", err=True)
    return loaded.settings


def print_json(document: object) -> None:
    """Print one line of JSON on stdout at once."""
    click.echo(json.dumps(document, ensure_ascii=False))


def to_person() -> Console:
    """Return the console for results."""
    return Console(highlight=False, soft_wrap=True)


def to_watcher() -> Console:
    """Return the console for progress, on stderr."""
    return Console(stderr=True, highlight=False)


def _sentence(error: Exception) -> str:
    if isinstance(error, WallflowerError):
        return str(error)
    if isinstance(error, OSError):
        place = f"{os.fspath(error.filename)}: " if isinstance(error.filename, (str, os.PathLike)) else ""
        return f"{place}{error.strerror or error}."
    return f"Something unexpected happened ({type(error).__name__}). Run it again with --debug to see where."
