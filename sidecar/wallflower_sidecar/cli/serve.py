"""`wallflower serve`: the sidecar itself, until it is told to stop."""

import asyncio
from contextlib import suppress
import logging

import click

from .common import debug_option

LOGGER = logging.getLogger(__name__)


@click.command()
@debug_option
def serve() -> None:
    """Run the sidecar until SIGTERM or Ctrl-C."""
    from ..logs import configure_logging
    from ..settings import load_settings

    loaded = load_settings()
    configure_logging(loaded.settings.log_level, loaded.settings.log_format)
    for warning in loaded.warnings:
        LOGGER.warning("%s", warning)

    from .server import run_server
    from .signals import run_until_signal

    with suppress(asyncio.CancelledError):
        run_until_signal(run_server(loaded.settings))
    LOGGER.info("Stopped")
